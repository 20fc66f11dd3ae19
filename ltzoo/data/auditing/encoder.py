"""A pretrained network as a function from images to features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ltzoo.registry import family

Encode = Callable[[np.ndarray], np.ndarray]

DEFAULT = "efficientnet_lite0"
SIDE = 128
BATCH = 64


def encoder(name: str = DEFAULT, side: int = SIDE) -> Encode:
    """Return a function from images to features, computed by a backbone with its ImageNet weights.

    Args:
        name: a registered backbone that takes `weights="imagenet"`.
        side: side of the images in pixels.

    Returns:
        A function from uint8 `[n, side, side, 3]` to float32 `[n, D]`, the mean over the feature map.

    Raises:
        ValueError: the name is unknown, or the backbone has no ImageNet weights.
        FileNotFoundError: the weights are missing.
    """
    import keras  # noqa: F401  (every backbone is registered once Keras is imported)

    backbones = family("backbone")
    assert backbones is not None
    backbones.check(name, "encoder")
    entry: Any = backbones[name]
    try:
        model = backbones.make({"name": name, "input_shape": (side, side, 3), "weights": "imagenet"})
    except ValueError as error:
        raise ValueError(f"`encoder` must be a backbone with ImageNet weights. {error}") from error
    mean, std = entry.pixel_statistics or (0.0, 1 / 255)

    def encode(images: np.ndarray) -> np.ndarray:
        # Batches of one size compile once.
        filled = np.concatenate([images, np.repeat(images[:1], max(0, BATCH - len(images)), axis=0)])
        values = (filled.astype("float32") / 255 - np.asarray(mean, "float32")) / np.asarray(std, "float32")
        maps = np.asarray(model.predict_on_batch(values))[: len(images)]
        return maps.reshape(len(images), -1, maps.shape[-1]).mean(axis=1)

    return encode
