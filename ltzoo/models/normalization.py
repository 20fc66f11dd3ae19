"""Normalization of pixels, and the mean and standard deviation of a dataset's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from ltzoo.data.registry import facts

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


def normalize(images: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    """Compute `(pixels / 255 - mean) / std` per channel of float32 pixels 0..255 `[batch, height, width, channels]`."""
    mean, std = (ops.convert_to_tensor(values, dtype="float32") for values in (mean, std))
    return (images / 255.0 - mean) / std


def channel_statistics(
    dataset: LongTailedDataset, max_images: int = 512
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per-channel (mean, std) on the 0..1 scale: published constants, or those of up to `max_images` images.

    The images are evenly spaced over the training split, so the result is deterministic.
    """
    known = facts(dataset.name)
    if known is not None and known.pixel_statistics is not None and dataset.image_shape[-1] == 3:
        return known.pixel_statistics
    total = len(dataset.train.labels)
    positions = np.unique(np.linspace(0, total - 1, min(total, max_images)).astype(np.int64))
    pixels = dataset.train.load(positions).astype(np.float64) / 255.0
    mean, std = pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2))
    return tuple(np.round(mean, 4).tolist()), tuple(np.round(np.maximum(std, 1e-2), 4).tolist())
