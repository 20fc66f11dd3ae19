"""The cut of a backbone for augmentation between its layers."""

from __future__ import annotations

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors
from ltzoo.backbones.residual_blocks import residual_blocks

WORDS: dict[str | int, int] = {"second": 2, "third": 3}


def stage_ends(backbone: keras.Model) -> list[str]:
    """Return the name of the last layer of each stage of a functional network, from first to last.

    In a residual network, a stage is a series of blocks with the same output shape. These are Block1 to Block4 of
    ResNet-18 in the paper, and stage1 to stage3 of a CIFAR ResNet. In other networks it is a series of layers with
    the same resolution. Only layers on every path count, and the last stage ends with the output.

    Raises:
        ValueError: if the network is not functional, or has several inputs or outputs.
    """
    cuts = cut_tensors(backbone)
    shapes = [block.shape for block in residual_blocks(backbone)]
    if shapes:
        ends = {}
        for name, tensor in cuts[1:]:
            if tuple(tensor.shape[1:]) in shapes:
                ends[tuple(tensor.shape[1:])] = name
        # Keep the order of the blocks: the stem may have the shape of a later stage.
        ends = [ends[shape] for shape in dict.fromkeys(shapes) if shape in ends]
    else:
        ends = list({tuple(tensor.shape[1:3]): name for name, tensor in cuts[1:]}.values())
    return [*(name for name in ends[:-1]), cuts[-1][0]]


def split_backbone(backbone: keras.Model, depth: str | int) -> tuple[keras.Model, keras.Model | None]:
    """Split a backbone at a depth into two networks that share its layers.

    Args:
        backbone: a functional model with one input and one output.
        depth: "last" for the output; "second" or "third" for a stage; the number of a stage, from 1; or the name of a
            layer on every path.

    Returns:
        (lower, upper): upper is None if nothing follows the cut.

    Raises:
        ValueError: if there is no such stage or layer.
    """
    if depth == "last":
        return backbone, None
    ends, cuts = stage_ends(backbone), dict(cut_tensors(backbone)[1:])
    number = WORDS.get(depth, depth)
    name = ends[number - 1] if isinstance(number, int) and 1 <= number <= len(ends) else number
    if name not in cuts:
        raise ValueError(
            f"`depth` must be 'last', 'second', 'third', the number of a stage (1 to {len(ends)}; the stages of this "
            f"network end with {', '.join(ends)}), or the name of a layer on every path, such as "
            f"{', '.join(list(cuts)[-4:])}. Received: depth={depth!r}"
        )
    if name == ends[-1]:
        return backbone, None
    lower = keras.Model(backbone.inputs[0], cuts[name], name=f"{backbone.name}_lower")
    return lower, keras.Model(cuts[name], backbone.outputs[0], name=f"{backbone.name}_upper")
