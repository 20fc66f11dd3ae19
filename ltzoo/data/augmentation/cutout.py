"""Cutout: blank a square of every image (DeVries and Taylor, 2017)."""

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Gray, Size
from ltzoo.data.augmentation.registry import register


def _fitted(config, image_size, upright):
    if "size" in config:
        config["size"] = min(config["size"], max(1, image_size[0] // 2))
    return config


@register("cutout", fitted=_fitted)
class Cutout:
    """Set a square of `size` x `size` pixels to `fill`.

    As in the paper, the center is uniform over the pixels and the square is clipped at the border. Between a
    quarter and all of it lies inside. It covers rows center - size // 2 to center - size // 2 + size - 1.

    Args:
        size: side of the square in pixels, at least 1.
        fill: value of the blanked pixels. The Balanced Softmax code sets raw pixels to 0. The authors of
            Cutout set normalized pixels to 0, which is the mean pixel in raw values.

    Call: (images [B, H, W, C], labels, rng) -> (images of the same type, labels unchanged).
    """

    @checked
    def __init__(self, size: Size = 16, fill: Gray = 0) -> None:
        self.size, self.fill = int(size), fill

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the images with one blank square each, and the unchanged labels."""
        count, height, width, _ = images.shape
        tops = rng.integers(0, height, count) - self.size // 2
        lefts = rng.integers(0, width, count) - self.size // 2
        result = np.array(images)
        corners = zip(
            np.maximum(tops, 0).tolist(),
            (tops + self.size).tolist(),
            np.maximum(lefts, 0).tolist(),
            (lefts + self.size).tolist(),
            strict=True,
        )
        for index, (top, bottom, left, right) in enumerate(corners):
            result[index, top:bottom, left:right] = self.fill
        return result, labels
