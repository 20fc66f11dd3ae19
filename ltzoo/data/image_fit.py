"""How an image of any shape takes the one size of a network: cropped, squashed or padded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PIL import Image

FITS = ("crop", "squash", "pad")
AUTO = "auto"
PADDING = 127
"""Gray value of the bars that "pad" adds: the middle of the range, which most networks see as zero."""

LONGEST = 8
"""Images longer than this, compared with the scaled shorter side, are cropped before they are scaled."""

REDUCTIONS = (8, 4, 2)
"""JPEG files can be decoded at an eighth, a quarter or half of their size, in a fraction of the time."""

GAP = 2
"""A JPEG file is decoded at reduced size if that is still at least this many times the scaled size."""

MOST_LOST = 0.1
"""Share of the pixels that cropping may lose, on average over the images, before squashing is considered."""

CAMERA_RATIOS = (1, 5 / 4, 4 / 3, 3 / 2, 16 / 9, 2)
"""Longer side / shorter side of the pictures of most cameras, and of squares."""

_CLOSE = 0.01


class ImageFit(NamedTuple):
    """What makes the input of a network of a decoded image.

    Attributes:
        image_size: `(height, width)` of the result.
        fit: "crop", "squash" or "pad"; see `fit_image`.
        resize: length of the scaled shorter side before the center crop; None scales as little as possible.
    """

    image_size: tuple[int, int]
    fit: str = "crop"
    resize: int | None = None

    def __call__(self, image: Image.Image) -> np.ndarray:
        """Return uint8 `[height, width, channels]`."""
        return fit_image(image, self.image_size, self.fit, self.resize)

    def scale(self, width: int, height: int) -> float:
        """Return the factor by which an image is scaled; with "squash" the greater one of both sides."""
        across, down = self.image_size[1] / width, self.image_size[0] / height
        if self.resize is not None:
            return self.resize / min(width, height)
        return min(across, down) if self.fit == "pad" else max(across, down)

    def reduction(self, width: int, height: int) -> int:
        """Return the divisor, 1, 2, 4 or 8, of the size at which a JPEG file may be decoded.

        What is decoded then still has at least `GAP` times the scaled size on each side; antialiasing does the rest.
        """
        scale = self.scale(width, height)
        return next((divisor for divisor in REDUCTIONS if GAP * divisor * scale <= 1), 1)


def fit_image(
    image: Image.Image, image_size: tuple[int, int], fit: str = "crop", resize: int | None = None
) -> np.ndarray:
    """Scale a decoded image to `image_size`.

    Scaling is bilinear with antialiasing. A side that already has the scaled length is left untouched.

    | `fit` | what is scaled | what is lost or added |
    | --- | --- | --- |
    | "crop" | both sides alike, until the image just covers the size | what lies beyond the center |
    | "squash" | each side by itself | proportions |
    | "pad" | both sides alike, until the whole image fits inside | gray bars of `PADDING` at two sides |

    Args:
        image: decoded image of mode "RGB" or "L".
        image_size: `(height, width)` of the result.
        fit: "crop", "squash" or "pad".
        resize: length of the scaled shorter side, for "crop"; None scales as little as possible.

    Returns:
        uint8 `[height, width, channels]`.
    """
    if fit == "crop":
        return resize_and_crop(image, image_size, resize)
    height, width = image_size
    scaled = (width, height)
    if fit == "pad":
        scale = min(height / image.height, width / image.width)
        scaled = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if scaled != image.size:
        image = image.resize(scaled, Image.Resampling.BILINEAR)
    pixels = _pixels(image)
    if scaled == (width, height):
        return pixels
    bars = np.full((height, width, pixels.shape[-1]), PADDING, np.uint8)
    top, left = (height - scaled[1]) // 2, (width - scaled[0]) // 2
    bars[top : top + scaled[1], left : left + scaled[0]] = pixels
    return bars


def resize_and_crop(image: Image.Image, image_size: tuple[int, int], resize: int | None = None) -> np.ndarray:
    """Scale an image until it just covers `image_size`, then crop the center.

    Scaling is bilinear with antialiasing. An image that already has the scaled size is left untouched. An image more
    than 8 times as long as wide, compared with `image_size`, is scaled within the crop only. So memory stays within 8
    times that of the result. Values may then differ by 1 from scaling first.

    Args:
        image: decoded image of mode "RGB" or "L".
        image_size: `(height, width)` of the result.
        resize: length of the scaled shorter side; None scales as little as possible. The published
            evaluation on ImageNet resizes to 256 and crops 224.

    Returns:
        uint8 `[height, width, channels]`.
    """
    height, width = image_size
    if resize is None:
        scale = max(height / image.height, width / image.width)
    else:
        scale = resize / min(image.height, image.width)
    scaled = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
    left, top = (scaled[0] - width) // 2, (scaled[1] - height) // 2
    if max(scaled[0] / (resize or width), scaled[1] / (resize or height)) > LONGEST:
        across, down = image.width / scaled[0], image.height / scaled[1]
        right, bottom = min(image.width, (left + width) * across), min(image.height, (top + height) * down)
        box = (left * across, top * down, right, bottom)
        image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    else:
        if scaled != image.size:
            image = image.resize(scaled, Image.Resampling.BILINEAR)
        image = image.crop((left, top, left + width, top + height))
    return _pixels(image)


def choose_fit(sizes: Iterable[tuple[int, int]], image_size: tuple[int, int]) -> str:
    """Return the fit that suits some images: "squash" if they are cut out around their objects, else "crop".

    They are taken for cut out if fewer than half have the proportions of a camera's pictures (`CAMERA_RATIOS`), and if
    cropping would lose more than a tenth of the pixels on average. What they show then reaches to their edges. In a
    camera's pictures it is mostly in the center, and squashing would only distort it.

    Args:
        sizes: `(width, height)` of some of the images.
        image_size: `(height, width)` of the network's input.
    """
    width, height = np.array(list(sizes), np.float64).reshape(-1, 2).T
    if not width.size:
        return "crop"
    elongation = np.maximum(width, height) / np.minimum(width, height)
    by_camera = (np.abs(elongation[:, np.newaxis] / np.array(CAMERA_RATIOS) - 1) < _CLOSE).any(axis=1)
    kept = width * image_size[0] / (height * image_size[1])
    lost = 1 - np.minimum(kept, 1 / kept).mean()
    return "squash" if by_camera.mean() < 0.5 and lost > MOST_LOST else "crop"


def _pixels(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
