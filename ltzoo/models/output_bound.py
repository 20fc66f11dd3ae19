"""Bound the outputs of the layers of a network that a stranger's file describes, before it computes anything.

Layers without weights, such as `RepeatVector`, `UpSampling2D` and `Resizing`, make outputs of any size from a short
configuration. `WeightBound` does not see them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras

from ltzoo.keras_internals import nodes_in_order, parts_of

# Numbers per image. One image of 4096 x 4096 pixels in 4 channels has 2 ** 26.
MOST_PIXELS = 1 << 26
# What any network may have per image, 64 MiB in float32; those for large images may have more.
_ALWAYS, _PER_PIXEL, _NEVER = 1 << 24, 64, 1 << 28

_ATTENTION = (
    keras.layers.AdditiveAttention,
    keras.layers.Attention,
    keras.layers.GroupQueryAttention,
    keras.layers.MultiHeadAttention,
)


class TooLargeOutputs(ValueError):
    """A layer of a network computes more numbers per image than any network needs."""


def check_outputs(model: Any) -> None:
    """Refuse a network with a layer whose output for one image takes memory without reason.

    A layer may compute 2 ** 24 numbers per image, or 64 per number of the image, up to 2 ** 28. An image may have
    2 ** 26 numbers. Networks inside of layers count, too, as do the scores of attention. For scale: no layer of
    ResNet-50 exceeds 2 ** 20 for an image of 224 pixels.

    Args:
        model: a built `LongTailedClassifier`, or another Keras model. Build it in a `WeightBound`, and call this there.

    Raises:
        TooLargeOutputs: a layer computes more; the message names it.
    """
    network, shape = model, None
    if hasattr(model, "backbone") and hasattr(model, "image_shape"):
        network, shape = model.backbone, tuple(model.image_shape)
    if not _is_graph(network):
        return
    shapes = [tuple(tensor.shape) for tensor in network.inputs]
    if shape is not None and len(shapes) == 1:
        shapes = [(None, *shape)]
    pixels = sum(_size(shape) for shape in shapes)
    _refuse_beyond(MOST_PIXELS, "an image", pixels, shapes[0])
    most = min(max(_ALWAYS, _PER_PIXEL * pixels), _NEVER)
    for name, size, found in _outputs(network, shapes):
        _refuse_beyond(most, name, size, found)


def _refuse_beyond(most, name, size, shape):
    if size > most:
        raise TooLargeOutputs(
            f"{name} may have {most:,} numbers per image, and has {size:,}. "
            f"Received: {name} with an output of shape {shape}"
        )


def _outputs(network: Any, shapes: Sequence[tuple[int | None, ...]]) -> Iterator[tuple[str, int, Any]]:
    """Yield name, numbers per image and shape of the output of every layer, for inputs of these shapes."""
    if any(tuple(tensor.shape) != shape for tensor, shape in zip(network.inputs, shapes, strict=True)):
        # Where sides are unknown, the layers are called again on tensors of known sides.
        inputs = [
            keras.Input(batch_shape=(None, *shape[1:]), dtype=tensor.dtype)
            for shape, tensor in zip(shapes, network.inputs, strict=True)
        ]
        network = keras.models.clone_model(network, input_tensors=inputs[0] if len(inputs) == 1 else inputs)
    for node in nodes_in_order(network):
        layer, given = node.operation, [tuple(tensor.shape) for tensor in node.input_tensors]
        for tensor in node.outputs:
            yield f"layer {layer.name[:100]!r}", _size(tensor.shape), tuple(tensor.shape)
        if isinstance(layer, _ATTENTION) and given:
            yield f"the scores of layer {layer.name[:100]!r}", _scores(layer, given), given
        yield from _inside(layer, given)


def _inside(layer: Any, given: Sequence[tuple[int | None, ...]]) -> Iterator[tuple[str, int, Any]]:
    """Yield the outputs of the networks that a layer of a network holds."""
    if not isinstance(layer, keras.layers.Layer):
        return
    if _is_graph(layer):
        yield from _outputs(layer, given)
        return
    times = getattr(layer, "passes_per_image", 1)
    if isinstance(layer, keras.layers.TimeDistributed) and given:
        times = given[0][1] or 1
        inner = layer.layer
        if _is_graph(inner):
            shape = (None, *given[0][2:])
            yield from ((name, times * size, shape) for name, size, shape in _outputs(inner, [shape]))
            return
    for part in parts_of(layer, recursive=False):
        if _is_graph(part):
            own = [tuple(tensor.shape) for tensor in part.inputs]
            shapes = given if len(given) == len(own) and _fits(given, own) else own
            yield from ((name, times * size, shape) for name, size, shape in _outputs(part, shapes))
        else:
            yield from _inside(part, ())


def _scores(layer, given):
    """Return how many scores per image an attention computes."""
    query, keys = given[0], given[min(1, len(given) - 1)]
    heads = max(getattr(layer, name, 1) or 1 for name in ("num_heads", "num_query_heads", "_num_heads"))
    each = query[-1] if isinstance(layer, keras.layers.AdditiveAttention) else 1
    return int(heads) * _size((None, *query[1:-1])) * _size((None, *keys[1:-1])) * int(each or 1)


def _is_graph(layer):
    return isinstance(layer, (keras.Model, keras.Sequential)) and bool(getattr(layer, "inputs", None))


def _fits(shapes, known):
    return all(
        len(shape) == len(other)
        and all(b is None or a == b for a, b in zip(shape[1:], other[1:], strict=True))
        for shape, other in zip(shapes, known, strict=True)
    )


def _size(shape: Iterable[int | None]) -> int:
    """Return the numbers per image of a shape; the batch and unknown sides count once."""
    return math.prod(int(side or 1) for side in list(shape)[1:])
