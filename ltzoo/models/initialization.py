"""Initial weights: as a function of a seed, without touching any global random state; or none at all."""

import contextlib
import threading
import zlib
from collections.abc import Iterator

import keras
import numpy as np

from ltzoo.keras_internals import layers_of

_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def without_initial_values() -> Iterator[None]:
    """Layers that are built inside start from ones, at no cost: for models whose weights are loaded next.

    JAX compiles a function for each shape that is drawn or filled, which is most of the time that a network takes to be
    built there. Only layers that the present thread builds are concerned; another thread that wants the same waits.
    """
    original, owner = keras.layers.Layer.add_weight, threading.get_ident()

    def add_weight(layer, shape=None, initializer=None, *args, **kwargs):
        if threading.get_ident() == owner:
            initializer = _ones
        return original(layer, shape, initializer, *args, **kwargs)

    with _ONE_AT_A_TIME:
        keras.layers.Layer.add_weight = add_weight
        try:
            yield
        finally:
            keras.layers.Layer.add_weight = original


def _ones(shape, dtype=None):
    dtype = keras.backend.standardize_dtype(dtype)
    if dtype == "bfloat16":  # NumPy has none.
        return keras.ops.ones(shape, dtype)
    return np.ones(shape, dtype)


def reinitialize(layer: keras.layers.Layer, seed: int) -> None:
    """Draws all random initial weights of a built layer or model again, from `seed`.

    Every kernel gets its own seed (from `seed`, the layer's place and the kernel's name), so equal shapes do not
    get equal weights, and the same seed gives the same weights on one backend. Weights that start at constants
    are set to them.
    """
    for place, part in enumerate(layers_of(layer)):
        for name in ("kernel", "embeddings", "depthwise_kernel", "pointwise_kernel"):
            initializer = getattr(part, f"{name}_initializer", None)
            variable = getattr(part, name, None)
            if initializer is None or variable is None:
                continue
            config = initializer.get_config()
            if "seed" in config:
                config["seed"] = zlib.crc32(f"{seed}/{place}/{name}".encode()) & 0x7FFFFFFF
                initializer = type(initializer).from_config(config)
            variable.assign(initializer(variable.shape, dtype=variable.dtype))
        bias = getattr(part, "bias", None)
        if bias is not None:
            initializer = getattr(part, "bias_initializer", None) or keras.initializers.Zeros()
            bias.assign(initializer(bias.shape, dtype=bias.dtype))
