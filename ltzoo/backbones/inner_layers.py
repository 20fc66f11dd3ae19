"""All layers of a model, at any depth, with their places."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from ltzoo.keras_internals import parts_of


def inner_layers(model: keras.layers.Layer) -> Iterator[tuple[str, str, keras.layers.Layer]]:
    """Yield every layer inside a model once, parents before their parts.

    Args:
        model: a built model or layer.

    Yields:
        (key, path, layer). The path joins the names of layers (`"encoder/block_1/mlp/dense_1"`), without models in
        between, for people and patterns. The key finds the layer in a copy made from the configuration. It numbers
        the parts of layers that are not functional models, since Keras may name those differently in another process.
    """
    yield from _walk(model, (), (), set())


def _walk(parent, keys, names, seen):
    named = isinstance(parent, keras.Model) and hasattr(parent, "operations")
    for number, layer in enumerate(parts_of(parent, recursive=False)):
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        key, name = (*keys, layer.name if named else str(number)), (*names, layer.name)
        yield "/".join(key), "/".join(name), layer
        yield from _walk(layer, key, names if isinstance(layer, keras.Model) else name, seen)
