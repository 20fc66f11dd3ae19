"""The experts of RIDE: copies of the late stages behind shared early ones."""

from __future__ import annotations

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors, parallel_tails, split_tensor
from ltzoo.backbones.conversions.registry import register
from ltzoo.checks import Few, Width


@register("experts")
def experts(
    backbone: keras.Model, num_experts: Few = 3, split: str | None = None, width: Width = 1.0
) -> keras.Model:
    """Repeat the last two stages behind the shared early ones (RIDE, Wang et al. 2021, Section 4.1).

    A layer called "experts" concatenates the experts' maps to [f_1 ; ... ; f_E] along the channels; the head "experts"
    splits them again. Layers are named "expert1_...", "expert2_...". Their weights start as copies of the layers they
    replace; `ltzoo.models.build` then draws new ones for each expert. On a pretrained backbone the experts start equal
    and diverge through their heads.

    Args:
        backbone: a functional model.
        num_experts: E.
        split: the last shared layer. None finds the last layer on every path whose map is at least four times as high
            and wide as the output (or twice, if there is none). This leaves the last two stages to the experts, as in
            the published networks.
        width: factor on the experts' channels. The published networks use 3/4 (24 and 48 channels instead of 32 and
            64), which keeps the cost near one plain network; such experts start from new weights.

    Raises:
        ValueError: `num_experts` is below 1; no split is found, or it is not on every path; or `width` does not fit.
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
            "`backbone` has no map sizes that show its stages; build it with a fixed image size and without "
            "pooling, or name the last shared layer by `split`. "
            f"Received: backbone {backbone.name!r} with output shape {tuple(cuts[-1].shape)}"
        )
    # Splitting at the input would share nothing.
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
        "`backbone` does not halve the size of its maps; name the last shared layer by `split`. "
        f"Received: backbone {backbone.name!r}"
    )
