"""Where a backbone is cut for augmentation in the middle of it."""

from __future__ import annotations

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors
from ltzoo.backbones.residual_blocks import residual_blocks

WORDS = {"second": 2, "third": 3}


def stage_ends(backbone: keras.Model) -> list[str]:
    """Names of the layers that the stages of a functional network end with, first to last.

    In a residual network a stage is a run of blocks with the same output shape (the paper's Block1 to Block4 of
    ResNet-18; stage1 to stage3 of a CIFAR ResNet). In another network it is a run of layers with the same resolution.
    Only layers count that every path passes, and the last stage ends with the output.

    Raises:
        ValueError: the network is not functional, or has several inputs or outputs.
    """
    cuts = cut_tensors(backbone)
    shapes = [block.shape for block in residual_blocks(backbone)]
    if shapes:
        ends = {}
        for name, tensor in cuts[1:]:
            if tuple(tensor.shape[1:]) in shapes:
                ends[tuple(tensor.shape[1:])] = name
        # The stem may have the shape of a later stage, so that the order is that of the blocks.
        ends = [ends[shape] for shape in dict.fromkeys(shapes) if shape in ends]
    else:
        ends = list({tuple(tensor.shape[1:3]): name for name, tensor in cuts[1:]}.values())
    return [*(name for name in ends[:-1]), cuts[-1][0]]


def split_backbone(backbone: keras.Model, depth: str | int) -> tuple[keras.Model, keras.Model | None]:
    """The network up to a depth and the network behind it; they share the backbone's layers.

    Args:
        backbone: a functional model with one input and one output.
        depth: "last" for the output; "second" or "third" stage; the number of a stage, from 1; or the name of a layer
            that every path passes.

    Returns:
        (lower, upper); upper is None where nothing is left behind the cut.

    Raises:
        ValueError: there is no such stage or layer.
    """
    if depth == "last":
        return backbone, None
    ends, cuts = stage_ends(backbone), dict(cut_tensors(backbone)[1:])
    number = WORDS.get(depth, depth)
    name = ends[number - 1] if isinstance(number, int) and 1 <= number <= len(ends) else number
    if name not in cuts:
        raise ValueError(
            f"`depth` must be 'last', the number of a stage (1 to {len(ends)}: this network's stages end with "
            f"{', '.join(ends)}), 'second', 'third', or the name of a layer that everything passes, such as "
            f"{', '.join(list(cuts)[-4:])}. Received: depth={depth!r}"
        )
    if name == ends[-1]:
        return backbone, None
    lower = keras.Model(backbone.inputs[0], cuts[name], name=f"{backbone.name}_lower")
    return lower, keras.Model(cuts[name], backbone.outputs[0], name=f"{backbone.name}_upper")
