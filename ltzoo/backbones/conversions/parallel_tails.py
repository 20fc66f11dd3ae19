"""Parallel copies of the last part of a functional network, behind one shared part."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ltzoo.keras_internals import nodes_in_order


def cut_tensors(backbone: keras.Model) -> list[tuple[str, Any]]:
    """Return the tensors on every path from input to output, in the order of the graph.

    Between two of them lies a self-contained part of the network: a layer, or a residual block.

    Args:
        backbone: a functional model with one input and one output.

    Returns:
        Pairs (name of the layer it comes from, tensor); the first is the input, the last the output.

    Raises:
        ValueError: the model is not functional or has several inputs or outputs.
    """
    nodes = _nodes(backbone)
    consumers = {}
    for node in nodes:
        for tensor in node.input_tensors:
            consumers[id(tensor)] = consumers.get(id(tensor), 0) + 1
    consumers[id(backbone.outputs[0])] = consumers.get(id(backbone.outputs[0]), 0) + 1
    cuts, waiting = [], set()
    for node in nodes:
        for tensor in node.input_tensors:
            consumers[id(tensor)] -= 1
            if not consumers[id(tensor)]:
                waiting.discard(id(tensor))
        waiting.update(id(tensor) for tensor in node.outputs if consumers.get(id(tensor)))
        if len(waiting) == 1 and id(node.outputs[0]) in waiting:
            cuts.append((node.operation.name, node.outputs[0]))
    return cuts


def split_tensor(backbone: keras.Model, layer: str) -> Any:
    """Return the output of a layer at which the network can be cut.

    Raises:
        ValueError: there is no such layer, or other paths lead around it; the message names layers that fit.
    """
    cuts = dict(cut_tensors(backbone)[:-1])
    if layer not in cuts:
        raise ValueError(
            f"`split` must name a layer of {backbone.name!r} that everything passes, such as "
            f"{', '.join(list(cuts)[-8:])}. Received: split={layer!r}"
        )
    return cuts[layer]


def parallel_tails(
    backbone: keras.Model,
    split: Any,
    prefixes: Sequence[str],
    name: str,
    *,
    width: float = 1.0,
    scale: float = 1.0,
) -> keras.Model:
    """Run everything behind `split` once per prefix and concatenate the outputs.

    The layers before `split` stay the same objects. The layers behind it are copies, named `prefix + old name`, with
    the old weights wherever the shapes agree.

    Args:
        backbone: a functional model.
        split: one of its tensors; see `cut_tensors`.
        prefixes: one per copy.
        name: name of the layer that concatenates the copies' outputs along the channels.
        width: factor on the channels of the copies.
        scale: factor on the outputs of the copies.

    Raises:
        ValueError: `width` makes layers that do not fit together.
    """
    if not width > 0:
        raise ValueError(f"`width` must be above 0. Received: width={width}")
    outputs, pairs = [], []
    for prefix in prefixes:
        try:
            output, copies = _copy_tail(backbone, split, prefix, width)
        except ValueError as error:
            if width == 1:
                raise
            raise ValueError(
                f"`width` does not fit the network behind the split: {str(error).splitlines()[0]} Choose a split "
                "where the number of channels changes, such as the end of a stage, or width=1. "
                f"Received: width={width}"
            ) from error
        pairs += copies
        if scale != 1:
            output = keras.layers.Rescaling(scale, name=f"{prefix}scale")(output)
        outputs.append(output)
    joined = keras.layers.Concatenate(axis=-1, name=name)(outputs)
    for old, new in pairs:
        if [tuple(w.shape) for w in old.weights] == [tuple(w.shape) for w in new.weights]:
            new.set_weights(old.get_weights())
    return keras.Model(backbone.inputs[0], joined, name=backbone.name)


def tail_outputs(backbone: keras.Model, name: str, needed_by: str) -> list[Any]:
    """Return the outputs of the copies that `parallel_tails` joined in the layer `name`.

    Raises:
        ValueError: the backbone has no such layer; the message names the conversion that makes it.
    """
    nodes = _nodes(backbone)
    for node in nodes:
        if node.operation.name == name:
            return list(node.input_tensors)
    raise ValueError(
        f"{needed_by} needs a backbone with parallel parts; put the conversion {{'name': {name!r}}} into the recipe's "
        f"`conversions`. Received: backbone {backbone.name!r}, which ends with the layer {nodes[-1].operation.name!r}"
    )


def _nodes(backbone):
    graph = hasattr(backbone, "operations") or isinstance(backbone, keras.Sequential) and backbone.built
    if not graph or len(backbone.inputs) != 1 or len(backbone.outputs) != 1:
        raise ValueError(
            "`backbone` must be a functional keras.Model with one input and one output; build it as "
            f"keras.Model(inputs, outputs). Received: {type(backbone).__name__} {backbone.name!r}"
        )
    return nodes_in_order(backbone)


def _copy_tail(backbone, split, prefix, width):
    nodes = _nodes(backbone)
    values, copies = {id(split): split}, {}
    for node in nodes:
        if node.is_input or any(id(tensor) not in values for tensor in node.input_tensors):
            continue
        if any(id(tensor) in values for tensor in node.outputs):
            continue
        operation = node.operation
        if id(operation) not in copies:
            copies[id(operation)] = (operation, _copy_layer(operation, prefix, width))
        arguments, keywords = node.arguments.fill_in(values)
        outputs = keras.tree.flatten(copies[id(operation)][1](*arguments, **keywords))
        values.update(zip((id(tensor) for tensor in node.outputs), outputs, strict=True))
    pairs = [pair for pair in copies.values() if isinstance(pair[0], keras.Layer)]
    return values[id(backbone.outputs[0])], pairs


def _copy_layer(operation, prefix, width):
    config = {**operation.get_config(), "name": f"{prefix}{operation.name}"}
    if width != 1:
        groups = config.get("groups") or 1
        for size in ("filters", "units"):
            if isinstance(config.get(size), int):
                config[size] = max(1, round(config[size] * width / groups)) * groups
        # Copies that cannot keep the weights start from their own draws.
        config = {key: _own_seed(key, value, prefix) for key, value in config.items()}
    return type(operation).from_config(config)


def _own_seed(key, value, prefix):
    if not key.endswith("_initializer") or not isinstance(value, Mapping):
        return value
    arguments = value.get("config")
    if not isinstance(arguments, Mapping) or not isinstance(arguments.get("seed"), int):
        return value
    seed = zlib.crc32(f"{prefix}/{arguments['seed']}".encode()) & 0x7FFFFFFF
    return {**value, "config": {**arguments, "seed": seed}}
