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

MOST_LOST = 0.1
"""Share of the pixels that cropping may lose, on average over the images, before squashing is preferred."""


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
        scaled = tuple(max(1, round(side * scale)) for side in image.size)
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
    """Return "squash" if cropping would lose more than a tenth of the pixels of these images, else "crop".

    The loss is averaged over the images. Square images for a square network lose nothing, and both fits are the same.

    Args:
        sizes: `(width, height)` of some of the images.
        image_size: `(height, width)` of the network's input.
    """
    height, width = image_size
    shares = [min(w * height, h * width) / max(w * height, h * width) for w, h in sizes]
    return "squash" if shares and 1 - float(np.mean(shares)) > MOST_LOST else "crop"


def _pixels(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
