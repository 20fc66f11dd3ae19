"""The conventional and the re-balancing branch (BBN)."""

from __future__ import annotations

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors, parallel_tails, split_tensor
from ltzoo.backbones.conversions.registry import register
from ltzoo.checks import Positive

BRANCHES = ("conventional_", "rebalancing_")


@register("two_branch")
def two_branch(backbone: keras.Model, split: str | None = None, scale: Positive = 1.0) -> keras.Model:
    """Repeat the network's last residual block behind the shared rest (BBN, Zhou et al. 2020, Section 4.1).

    A layer called "two_branch" concatenates the maps of the conventional and the re-balancing branch to [f_c ; f_r]
    along the channels. Their layers are named "conventional_..." and "rebalancing_...". Their weights start as copies
    of the block they replace; `ltzoo.models.build` then draws new ones for each branch.

    Args:
        backbone: a functional model.
        split: the last shared layer. None finds the input of the last block with an addition, or, in a network without
            additions, the layer before the last convolution.
        scale: factor on both maps. The paper classifies [0.5 f_c ; 0.5 f_r] in testing: `scale=0.5`. The published
            code classifies [f_c ; f_r] and trains with [2 a f_c ; 2 (1 - a) f_r]: `scale=1`, the default, with
            which the published results were made. The technique "two_branch" applies the factors 2 a and 2 (1 - a)
            to the maps after `scale`, so training and testing agree at a = 0.5 in both forms.

    Raises:
        ValueError: no split is found, or it is not on every path.
    """
    tensor = _last_block_input(backbone) if split is None else split_tensor(backbone, split)
    return parallel_tails(backbone, tensor, BRANCHES, "two_branch", scale=scale)


def _last_block_input(backbone):
    layers = list(backbone.layers if isinstance(backbone, keras.Sequential) else backbone.operations)
    for kinds in (("Add",), ("Conv2D", "Conv1D", "SeparableConv2D", "DepthwiseConv2D")):
        places = [place for place, layer in enumerate(layers) if type(layer).__name__ in kinds]
        if places:
            before = {layer.name for layer in layers[: places[-1]]}
            return [tensor for name, tensor in cut_tensors(backbone) if name in before][-1]
    raise ValueError(
        "`backbone` has neither additions nor convolutions; name the last shared layer by `split`. "
        f"Received: backbone {backbone.name!r} with layers {', '.join(layer.name for layer in layers[:8])}"
    )
