"""The original names of a backbone's variables."""

from __future__ import annotations

import re

import keras

from ltzoo.backbones.residual_blocks import norm_layers, residual_blocks
from ltzoo.checkpoint_layouts import Layout
from ltzoo.keras_internals import parts_of
from ltzoo.layers import NormalizedBatchNormalization, SharedMagnitude
from ltzoo.models.convert.slots import KERNEL, CheckpointError, Entries, Offset, Slot, Table

_PLACE = re.compile(r"(?:expert(\d+)_)?stage(\d+)_block(\d+)_(conv\d+|bn\d+|shortcut_conv|shortcut_bn)")
_MAGNITUDE = re.compile(r"magnitude(?:_expert(\d+))?")
_SHORTCUT = {"shortcut_conv": "downsample.0", "shortcut_bn": "downsample.1"}


def add_trunk(table: Table, backbone: keras.Model, layout: Layout) -> None:
    """Add the slots of a residual network of this library; other layers get none.

    `conv1` and `bn1` keep their names, `stage3_block0_conv2` is `layer3.0.conv2`, `stage3_block0_shortcut_bn` is
    `layer3.0.downsample.1`, `expert2_stage3_...` is `layer3s.1...`, and the magnitudes of NBN are `scale_factor`.

    Raises:
        CheckpointError: the layout needs a last residual block, and the network has no blocks.
    """
    last = _last_block(backbone, layout)
    magnitudes = {}
    for layer in _leaves(backbone):
        if isinstance(layer, SharedMagnitude):
            found = _MAGNITUDE.fullmatch(layer.name)
            if found:
                magnitudes[int(found[1] or 1)] = layer.magnitude
            continue
        key = _key(layer.name, layout, last)
        if key is None:
            continue
        if isinstance(layer, keras.layers.Conv2D):
            table.add(Slot(f"{key}.weight", (layer.kernel,), KERNEL))
            if layer.bias is not None:
                table.add(Slot(f"{key}.bias", (layer.bias,)))
        elif isinstance(layer, NormalizedBatchNormalization):
            _add_normalized(table, key, layer)
        elif isinstance(layer, keras.layers.BatchNormalization):
            table.add_norm(key, layer)
    if magnitudes and sorted(magnitudes) == list(range(1, len(magnitudes) + 1)):
        variables = tuple(magnitudes[number] for number in sorted(magnitudes))
        length = _eligible(backbone, len(variables) > 1)
        table.add(Entries(f"{layout.trunk[0]}/scale_factor", variables, length=length))


def twin_of(name: str, backbone: keras.Model) -> str:
    """Return the second name of a tensor, its place in an inner `Sequential`, for files that hold everything twice."""
    begin, _, rest = name.partition(".")
    if begin == "fc":
        return f"classifier.2.{rest}"
    if begin in ("conv1", "bn1"):
        return f"feature_sub_net.{('conv1', 'bn1').index(begin)}.{rest}"
    # Convolution, norm, ReLU and, if there is one, pooling come before the stages.
    first = 3 + any(isinstance(layer, keras.layers.MaxPooling2D) for layer in backbone.layers)
    return f"feature_sub_net.{first + int(begin.removeprefix('layer')) - 1}.{rest}"


def _leaves(backbone):
    for layer in parts_of(backbone):
        if layer.weights and not parts_of(layer):
            yield layer


def _last_block(backbone, layout):
    if layout.block is None:
        return None
    found = [_PLACE.fullmatch(layer.name) for layer in _leaves(backbone)]
    places = [(int(match[2]), int(match[3])) for match in found if match and not match[1]]
    if not places:
        raise CheckpointError(
            f"`layout` {layout.name!r} stores the last residual block separately, but the backbone has no blocks that "
            f"this library knows. Received: backbone {backbone.name!r}"
        )
    return max(places)


def _key(name, layout, last):
    trunk = layout.trunk[0]
    if name in ("conv1", "bn1"):
        return f"{trunk}/{name}"
    match = _PLACE.fullmatch(name)
    if match is None:
        return None
    expert, stage, block, rest = match.groups()
    rest = _SHORTCUT.get(rest, rest)
    if expert is not None:
        return f"{trunk}/layer{stage}s.{int(expert) - 1}.{block}.{rest}" if layout.experts else None
    if (int(stage), int(block)) == last:
        paths, begin = layout.block
        return f"{paths[0]}/{begin}{rest}"
    return f"{trunk}/layer{stage}.{block}.{rest}"


def _add_normalized(table, key, layer):
    if not layer.normalize:
        raise CheckpointError(
            "`normalize` must be True: the published NBN layers normalize their directions. "
            f"Received: layer {layer.name!r} with normalize=False"
        )
    offset = None
    if layer.beta is not None:
        offset = Offset(f"{key}.bias", (layer.beta,), radius=layer.bias_radius)
    table.add_norm(key, layer, offset)
    table.add_constant(layer.gamma_factor, 1.0)
    table.add_constant(layer.beta_factor, 1.0)


def _eligible(backbone, experts):
    """Return the length of the published `scale_factor`: one entry for every layer that could be an NBN layer."""
    if experts:
        return len(norm_layers(backbone))
    return sum(len(block.last_norms) for block in residual_blocks(backbone))
