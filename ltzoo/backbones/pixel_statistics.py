"""The mean and standard deviation that a backbone expects its images to be normalized with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.keras_internals import untracked

_ATTRIBUTE = "_ltzoo_pixel_statistics"


def pixel_statistics(backbone: Any) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return (mean, std) per channel on the 0..1 scale of pixels, or None if the backbone does not specify them.

    A backbone with statistics expects (pixels / 255 - mean) / std, as in its training. Networks of
    `ltzoo.backbones.get("keras_applications:...")`, KerasHub presets and KerasCV networks with their own rescaling
    have them. `ltzoo.models.build` uses them unless told otherwise. They are not saved with the backbone; a saved
    classifier holds its own `mean` and `std`.

    Args:
        backbone: a `keras.Model`.
    """
    return getattr(backbone, _ATTRIBUTE, None)


def set_pixel_statistics(
    backbone: keras.Model,
    mean: float | Sequence[float] | np.ndarray,
    std: float | Sequence[float] | np.ndarray,
) -> keras.Model:
    """Set the `pixel_statistics` of a backbone, per channel or one number for all.

    Returns:
        The backbone.

    Raises:
        ValueError: a standard deviation is not above zero.
    """
    channels = int(backbone.inputs[0].shape[-1])
    pair = tuple(
        tuple(np.broadcast_to(np.asarray(values, np.float64), (channels,)).tolist()) for values in (mean, std)
    )
    if not all(value > 0 for value in pair[1]):
        raise ValueError(f"`std` must be above 0. Received: std={pair[1]}")
    untracked(backbone, _ATTRIBUTE, pair)
    return backbone


def from_scale_and_offset(
    scale: float | Sequence[float] | None, offset: float | Sequence[float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (mean, std) such that (p / 255 - mean) / std equals p * scale + offset for pixels p in 0..255."""
    factors = np.asarray(1.0 if scale is None else scale, np.float64)
    offsets = np.asarray(0.0 if offset is None else offset, np.float64)
    return -offsets / (255.0 * factors), 1.0 / (255.0 * factors)
