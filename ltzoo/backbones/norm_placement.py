"""Select batch normalization layers of a backbone: by the positions of NBN's Table VI, or by name."""

import fnmatch
from collections.abc import Sequence

import keras

from ltzoo.backbones.residual_blocks import final_norms, last_stage, norm_layers, residual_blocks
from ltzoo.checks import one_of
from ltzoo.keras_internals import parts_of

PLACEMENTS = ("paper", "A", "B", "C")


def select_norms(model: keras.Model, placement: str | Sequence[str] = "paper") -> list[keras.layers.Layer]:
    """Select batch normalization layers of a functional model by their place in its residual blocks.

    - `"paper"`: in every block of the last stage, the last layer of each branch and of the shortcut, if it has one
      ("Ours": Fig. 3 and Table VI of Bao et al., 2024);
    - `"A"`: all layers in the blocks of the last stage ("Type A");
    - `"B"`: the layers of A that are not in `"paper"` ("Type B");
    - `"C"`: all layers of the model ("Type C");
    - a list of patterns (`["stage3_*_bn2"]`, as in `fnmatch`): the layers with such names.

    Blocks are found in the graph as additions of branches. The last stage is all blocks with the output shape of the
    last block. Without residual blocks, `"paper"` is the layer that reaches the output through layers without weights,
    and the last stage is all layers at the output's resolution, which may join the channels of several branches.

    Args:
        model: a functional model.
        placement: one of the above.

    Returns:
        The layers in the order of the graph.

    Raises:
        ValueError: the placement is unknown, finds no layer, or concerns layers in a nested model.

    Deviation: the paper's last stage has three blocks; here it has as many as the network (five in ResNet-32, whose
    shortcuts have no batch normalization). "Complementary to ours" is taken to mean within the last stage.
    """
    shapes = norm_layers(model)
    nested = [
        layer.name
        for part in model.layers
        for layer in parts_of(part)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if isinstance(placement, str):
        one_of("placement", placement, PLACEMENTS)
        if nested:
            raise ValueError(
                f"`model` has batch normalization in nested models ({', '.join(nested[:3])}); change the inner model "
                "before nesting it, or name layers of the outer one. "
                f"Received: placement={placement!r}"
            )
        chosen = _named_placement(model, placement, shapes)
    else:
        chosen = _matching(list(shapes), nested, list(placement))
    if not chosen:
        raise ValueError(
            "`placement` finds no batch normalization (a network with pre-activation blocks has none at the end of a "
            f"block); name layers by patterns. The model has {_some([layer.name for layer in shapes])}. "
            f"Received: placement={placement!r}"
        )
    return [layer for layer in shapes if layer in chosen]


def blocks_of(model: keras.Model) -> dict[str, str]:
    """Return the residual block's name for each batch normalization layer in one, by the layer's name."""
    return {layer.name: block.name for block in residual_blocks(model) for layer in block.norms}


def _named_placement(model, placement, shapes):
    if placement == "C":
        return list(shapes)
    blocks = last_stage(model)
    if blocks:
        ours = [layer for block in blocks for layer in block.last_norms]
        stage = [layer for block in blocks for layer in block.norms]
    else:
        ours = final_norms(model)
        stage = [
            layer for layer, shape in shapes.items() if shape[:-1] == tuple(model.outputs[0].shape[1:-1])
        ]
    return {"paper": ours, "A": stage, "B": [layer for layer in stage if layer not in ours]}[placement]


def _matching(layers, nested, patterns):
    chosen = []
    for pattern in patterns:
        found = [layer for layer in layers if fnmatch.fnmatchcase(layer.name, pattern)]
        if not found:
            inner = [name for name in nested if fnmatch.fnmatchcase(name, pattern)]
            where = f" ({inner[0]} is in a nested model: change that one first)" if inner else ""
            raise ValueError(
                f"Every pattern of `placement` must match a batch normalization layer{where}. The model has "
                f"{_some([layer.name for layer in layers])}. Received: placement={patterns}"
            )
        chosen.extend(found)
    return chosen


def _some(names):
    return ", ".join(names if len(names) < 8 else [*names[:3], "...", *names[-3:]]) or "none"
