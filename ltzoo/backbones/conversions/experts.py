"""The experts of RIDE: copies of the late stages behind shared early ones."""

from __future__ import annotations

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors, parallel_tails, split_tensor
from ltzoo.backbones.conversions.registry import register


@register("experts")
def experts(
    backbone: keras.Model, num_experts: int = 3, split: str | None = None, width: float = 1.0
) -> keras.Model:
    """Several copies of the last two stages behind the shared early ones (RIDE, Wang et al. 2021, Section 4.1).

    The feature map becomes [f_1 ; ... ; f_E] along the channels, in a layer called "experts"; the head "experts"
    takes it apart again. Layers of expert i are named "expert1_...", "expert2_..."; their weights start as
    those of the layers they replace, and `ltzoo.models.build` then draws them anew, each expert for itself. On a
    pretrained backbone the experts start equal and part by their heads.

    Args:
        backbone: a functional model.
        num_experts: E.
        split: the last shared layer. None finds it: the last place that everything passes with a map at least
            four times as high and wide as the output, which leaves the last two stages to the experts, as the
            published networks do; where there is none, twice.
        width: factor on the experts' channels. The published networks have 3/4 (24 and 48 channels in place of 32
            and 64), which keeps their cost near that of one plain network; such experts start from fresh weights.

    Raises:
        ValueError: `num_experts` below 1; no split can be found, or it is not a layer that everything passes; or
            `width` does not fit.
    """
    if num_experts < 1:
        raise ValueError(f"`num_experts` must be 1 or more. Received: num_experts={num_experts}")
    tensor = _last_two_stages(backbone) if split is None else split_tensor(backbone, split)
    prefixes = [f"expert{number}_" for number in range(1, num_experts + 1)]
    return parallel_tails(backbone, tensor, prefixes, "experts", width=width)


def _last_two_stages(backbone):
    cuts = [tensor for _, tensor in cut_tensors(backbone)]
    size = cuts[-1].shape[1:-1]
    if not size or any(side is None for cut in cuts for side in cut.shape[1:-1]):
        raise ValueError(
            "The stages of this backbone cannot be told from the sizes of its maps; build it with a fixed image "
            "size and without pooling, or name the last shared layer by `split`. "
            f"Received: backbone {backbone.name!r} with output shape {tuple(cuts[-1].shape)}"
        )
    # The input itself is no split: then nothing would be shared.
    for factor in (4, 2):
        large = [
            cut
            for cut in cuts[1:-1]
            if len(cut.shape) == len(size) + 2
            and all(a >= factor * b for a, b in zip(cut.shape[1:-1], size, strict=True))
        ]
        if large:
            return large[-1]
    raise ValueError(
        "The backbone does not halve the size of its maps; name the last shared layer by `split`. "
        f"Received: backbone {backbone.name!r}"
    )
