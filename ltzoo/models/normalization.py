"""Normalize pixels, and measure the pixel statistics of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from ltzoo.data.registry import facts
from ltzoo.data.streams import sample_of

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


def normalize(images: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    """Compute `(images / 255 - mean) / std` of float32 pixels 0..255 `[batch, height, width, channels]`."""
    offset, scale = (ops.convert_to_tensor(values, dtype="float32") for values in (mean, std))
    return (images / 255.0 - offset) / scale


def channel_statistics(
    dataset: LongTailedDataset, max_images: int = 512
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the pixel mean and standard deviation per channel, on the 0..1 scale.

    They are the published constants of the dataset where there are any. Otherwise they are measured on up to
    `max_images` training images at even distances, so the result is deterministic; of a stream, on some of its first.
    """
    known = facts(dataset.name)
    if known is not None and known.pixel_statistics is not None and dataset.image_shape[-1] == 3:
        return known.pixel_statistics
    split = sample_of(dataset.train)
    total = len(split.labels)
    positions = np.unique(np.linspace(0, total - 1, min(total, max_images)).astype(np.int64))
    pixels = split.load(positions).astype(np.float64) / 255.0
    mean, std = pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2))
    return tuple(np.round(mean, 4).tolist()), tuple(np.round(np.maximum(std, 1e-2), 4).tolist())
