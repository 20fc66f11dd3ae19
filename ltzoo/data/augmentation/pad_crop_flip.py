"""Random crop from the padded image and random horizontal flip, the standard augmentation for CIFAR."""

from typing import Literal

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Padding
from ltzoo.data.augmentation.registry import register

SMALL = 96  # Larger square images get random resized crops instead.
PAD_MODES: dict[str, Literal["constant", "reflect"]] = {"zero": "constant", "reflect": "reflect"}


def _fitted(config, image_size, upright):
    height, width = image_size
    if height == width > SMALL:
        return {"name": "imagenet_train_crop", "size": height}
    flip = config.get("flip", True) and not upright
    return {**config, "padding": max(1, height // 8), "flip": flip}


@register("pad_crop_flip", fitted=_fitted)
class PadCropFlip:
    """Pad all sides, crop a window of the original size at random, and flip half of the images.

    Every image has its own vertical and horizontal offset, uniform on 0 .. 2 * padding, and its own flip.
    Published code pads with zeros, which are black pixels of the raw image.

    Args:
        padding: pixels added to every side, at least 0.
        flip: whether to flip each image left-right with probability 1/2.
        mode: "zero" or "reflect" (the edge pixel is not repeated).

    Call: (images uint8 [B, H, W, C], labels, rng) -> (images uint8 [B, H, W, C], labels unchanged).
    """

    @checked
    def __init__(self, padding: Padding = 4, flip: bool = True, mode: str = "zero") -> None:
        if padding < 0 or mode not in PAD_MODES:
            raise ValueError(
                f"`padding` must be at least 0 and `mode` one of {', '.join(PAD_MODES)}. "
                f"Received: padding={padding}, mode={mode!r}"
            )
        self.padding, self.flip, self.mode = int(padding), bool(flip), mode

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the cropped and flipped images, and the unchanged labels."""
        count, height, width, _ = images.shape
        pad = self.padding
        offsets = rng.integers(0, 2 * pad + 1, size=(count, 2)).tolist()
        flips = (rng.random(count) < 0.5).tolist() if self.flip else [False] * count
        padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), PAD_MODES[self.mode])
        result = np.empty_like(images)
        for index, ((top, left), flipped) in enumerate(zip(offsets, flips, strict=True)):
            window = padded[index, top : top + height, left : left + width]
            result[index] = window[:, ::-1] if flipped else window
        return result, labels
