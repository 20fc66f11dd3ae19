"""The steps from raw pixels to a head, shared by training, prediction and export."""

from typing import Any

from keras import ops


def normalize(images: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    """`(pixels / 255 - mean) / std` per channel: float32 pixels 0..255 `[batch, height, width, channels]`."""
    mean, std = (ops.convert_to_tensor(values, dtype="float32") for values in (mean, std))
    return (images / 255.0 - mean) / std


def pool(features: Any) -> Any:
    """Maps `[batch, h, w, D]` to their mean over the positions `[batch, D]`; features pass as they are."""
    return ops.mean(features, axis=(1, 2)) if len(features.shape) == 4 else features


def takes_map(head: Any) -> bool:
    """Whether a head takes the feature map itself instead of pooled features."""
    return getattr(head, "takes_feature_map", False)
