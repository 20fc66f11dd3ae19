"""Find residual blocks in the graph of a functional model, whatever its layers are called."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from ltzoo.keras_internals import producer


@dataclasses.dataclass(frozen=True)
class ResidualBlock:
    """One residual block, from the tensor that enters it to the addition that ends it.

    Attributes:
        name: name of the addition.
        shape: its output shape without the batch, (height, width, channels).
        norms: the block's batch normalization layers, first to last.
        last_norms: the norms that the addition reads directly or through layers without weights: the last one of each
            branch and of the shortcut, if any.
    """

    name: str
    shape: tuple
    norms: tuple
    last_norms: tuple


def residual_blocks(model: keras.Model) -> list[ResidualBlock]:
    """Return the residual blocks of a functional model in the order of its graph.

    A block ends in an addition (`keras.layers.Add` or `+`) of two or more tensors. It holds the layers that some but
    not all of these tensors depend on, and it counts if one of them is a batch normalization.
    """
    nodes, ancestors = _graph(model)
    blocks = []
    for node in nodes:
        parents = _parents(node)
        if type(node.operation).__name__ != "Add" or len(parents) < 2:
            continue
        union, common = 0, -1
        for parent in parents:
            union, common = union | ancestors[id(parent)], common & ancestors[id(parent)]
        inside = {id(other) for number, other in enumerate(nodes) if (union & ~common) >> number & 1}
        norms = [other.operation for other in nodes if id(other) in inside and _is_norm(other.operation)]
        if not norms:
            continue
        last = [_last_norm(parent, inside) for parent in parents]
        blocks.append(
            ResidualBlock(
                name=node.operation.name,
                shape=tuple(node.outputs[0].shape[1:]),
                norms=tuple(norms),
                last_norms=tuple(layer for layer in last if layer is not None),
            )
        )
    return blocks


def last_stage(model: keras.Model) -> list[ResidualBlock]:
    """Return the blocks with the output shape of the model's last block; [] without blocks.

    Parallel branches, such as the experts of a multi-expert network, all belong to it.
    """
    blocks = residual_blocks(model)
    return [block for block in blocks if block.shape == blocks[-1].shape]


def final_norms(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the batch normalization that reaches each output through layers without weights, if any."""
    found = [_last_norm(producer(tensor), None) for tensor in model.outputs]
    return [layer for index, layer in enumerate(found) if layer is not None and layer not in found[:index]]


def norm_layers(model: keras.Model) -> dict[keras.layers.Layer, tuple]:
    """Return all batch normalization layers of a functional model in graph order, with their output shapes."""
    nodes, _ = _graph(model)
    return {node.operation: tuple(node.outputs[0].shape[1:]) for node in nodes if _is_norm(node.operation)}


def _is_norm(operation):
    return isinstance(operation, keras.layers.BatchNormalization)


def _parents(node):
    return [producer(tensor) for tensor in node.input_tensors]


def _graph(model) -> tuple[list[Any], dict[int, int]]:
    """Return the nodes, parents first, and for each (by id) its ancestors and itself as bits of an integer."""
    nodes, ancestors = [], {}
    limits = {id(producer(tensor)) for tensor in model.inputs}
    stack = [producer(tensor) for tensor in reversed(model.outputs)]
    while stack:
        node = stack[-1]
        parents = [] if id(node) in limits else _parents(node)
        missing = [parent for parent in reversed(parents) if id(parent) not in ancestors]
        if id(node) in ancestors or not missing:
            stack.pop()
            if id(node) not in ancestors:
                own = 1 << len(nodes)
                for parent in parents:
                    own |= ancestors[id(parent)]
                ancestors[id(node)] = own
                nodes.append(node)
        else:
            stack.extend(missing)
    return nodes, ancestors


def _last_norm(node, inside):
    """Return the batch normalization that a node is, or reads through layers without weights."""
    while inside is None or id(node) in inside:
        if _is_norm(node.operation):
            return node.operation
        parents = _parents(node)
        if getattr(node.operation, "weights", ()) or len(parents) != 1:
            return None
        node = parents[0]
    return None
