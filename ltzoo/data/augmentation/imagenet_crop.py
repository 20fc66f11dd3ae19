"""Crops of images at their original size: random resized crop to train, center crop to evaluate."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageEnhance

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, Size, refuse
from ltzoo.data.augmentation.pillow_operations import to_array, to_pillow
from ltzoo.data.augmentation.registry import register
from ltzoo.data.pixels import resize_and_crop

_TRIES = 10
_SIZE = 224


def _fitted(config, image_size, upright):
    height, width = image_size
    flip = config.get("flip", True) and not upright
    if height != width:
        return {"name": "pad_crop_flip", "padding": max(1, height // 8), "flip": flip}
    changes = {"size": height} if config.get("size", _SIZE) != height else {}
    return {**config, **changes} | ({} if flip else {"flip": False})


@register("imagenet_train_crop", fitted=_fitted)
class ImageNetTrainCrop:
    """Apply a random resized crop, a random horizontal flip and optional color jitter.

    The crop covers a uniform share of the image area (`scale`) with a log-uniform ratio of width to height.
    If ten crops do not fit, it is the largest center crop within the ratios. The crop is resized bilinearly
    to `size`.

    `reader(count, rng)` draws all random numbers and returns the function for `split.load(positions,
    read=...)`. A call with (images, labels, rng) crops images that are already in memory.

    Args:
        size: side of the result in pixels.
        scale: smallest and largest share of the area.
        ratio: smallest and largest ratio of width to height.
        flip: whether to flip with probability 1/2.
        color_jitter: j, for brightness, contrast and saturation factors uniform on [1 - j, 1 + j]. They are
            applied in random order. Published ImageNet-LT code uses 0.4.
    """

    @checked
    def __init__(
        self,
        size: Size = _SIZE,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        flip: bool = True,
        color_jitter: BelowOne = 0.0,
    ) -> None:
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] <= 1:
            refuse("scale", "two rising numbers above 0 and at most 1", scale)
        if len(ratio) != 2 or not 0 < ratio[0] <= ratio[1]:
            refuse("ratio", "two rising numbers above 0", ratio)
        self.size, self.scale, self.ratio = int(size), tuple(scale), tuple(ratio)
        self.flip, self.color_jitter = bool(flip), float(color_jitter)

    def reader(self, count: int, rng: np.random.Generator) -> Callable[[Image.Image, int], np.ndarray]:
        """Return a function (Pillow image, index in batch) -> uint8 [size, size, channels] for `count` images."""
        shape = rng.random((count, _TRIES, 4))
        flips = rng.random(count) < 0.5
        factors = 1.0 + self.color_jitter * (2.0 * rng.random((count, 3)) - 1.0)
        orders = rng.permuted(np.tile(np.arange(3), (count, 1)), axis=1)

        def read(image, index):
            left, top, width, height = self._window(image.width, image.height, shape[index])
            box = (left, top, left + width, top + height)
            image = image.resize((self.size, self.size), Image.Resampling.BILINEAR, box=box)
            if self.flip and flips[index]:
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            if self.color_jitter:
                enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
                for which in orders[index]:
                    image = enhancers[which](image).enhance(factors[index, which])
            return to_array(image)

        return read

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the crops of images in memory, and the unchanged labels."""
        return _read_all(self.reader(len(images), rng), images), labels

    def _window(self, width, height, uniforms):
        least, greatest = math.log(self.ratio[0]), math.log(self.ratio[1])
        for share, shape, across, down in uniforms:
            area = width * height * (self.scale[0] + share * (self.scale[1] - self.scale[0]))
            aspect = math.exp(least + shape * (greatest - least))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return int(across * (width - w + 1)), int(down * (height - h + 1)), w, h
        w = min(width, max(1, round(height * self.ratio[1])))
        h = min(height, max(1, round(width / self.ratio[0])))
        return (width - w) // 2, (height - h) // 2, w, h


@register("imagenet_eval_crop")
class ImageNetEvalCrop:
    """Resize the shorter side to `resize` pixels (bilinear), then crop the center square of `size` pixels.

    `reader` and the call work as in `ImageNetTrainCrop`, but nothing is random.

    Args:
        size: side of the result in pixels.
        resize: length of the shorter side; None for size * 256 / 224.
    """

    @checked
    def __init__(self, size: Size = 224, resize: Size | None = None) -> None:
        self.size = int(size)
        self.resize = round(self.size * 256 / 224) if resize is None else int(resize)
        if not 1 <= self.size <= self.resize:
            raise ValueError(
                f"`size` must be at least 1 and at most `resize`. Received: size={size}, resize={resize}"
            )

    def reader(self, count: int, rng: np.random.Generator) -> Callable[[Image.Image, int], np.ndarray]:
        """Return a function (Pillow image, index in batch) -> uint8 [size, size, channels]."""

        def read(image, index):
            return resize_and_crop(image, (self.size, self.size), self.resize)

        return read

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the crops of images in memory, and the unchanged labels."""
        return _read_all(self.reader(len(images), rng), images), labels


def _read_all(read, images):
    return np.stack([read(to_pillow(image), index) for index, image in enumerate(images)])
