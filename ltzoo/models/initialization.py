"""Initial weights as a function of a seed, without touching any global random state."""

import zlib

import keras


def reinitialize(layer: keras.layers.Layer, seed: int) -> None:
    """Draws all random initial weights of a built layer or model again, from `seed`.

    Every kernel gets its own seed (from `seed`, the layer's place and the kernel's name), so equal shapes do not
    get equal weights, and the same seed gives the same weights on one backend. Weights that start at constants
    are set to them.
    """
    for place, part in enumerate(layer._flatten_layers()):
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
