"""CutMix: a rectangle of every image is replaced by that of another image (Yun et al., ICCV 2019)."""

import math

import numpy as np

from ltzoo.data.augmentation.mixup import mix, soft_labels
from ltzoo.data.augmentation.registry import register


@register("cutmix")
class CutMix:
    """Pastes a rectangle of image j onto image i, with labels y = lam y_i + (1 - lam) y_j.

    j runs over a random permutation of the batch. lam0 ~ Beta(alpha, alpha) gives the rectangle's sides, sqrt(1 -
    lam0) times those of the image; its center is uniform over the pixels and what reaches over the border is cut off;
    lam is the share of the image that is left (Yun et al., Algorithm A1 and released code). One rectangle and one lam
    serve the whole batch.

    Args:
        num_classes: number of classes, for the soft labels.
        alpha: positive; 1, the published value, draws lam0 uniformly.
        probability: share of the batches that are mixed, above 0 and at most 1; the paper has 1 for ImageNet and 0.5
            for CIFAR. The others keep their images, with one-hot labels.

    Call: (images [B, H, W, C], labels int [B] or soft [B, classes], rng) ->
        (images of the same type, labels float32 [B, classes]).
    """

    def __init__(self, num_classes: int, alpha: float = 1.0, probability: float = 1.0) -> None:
        check_mixing(alpha, probability)
        self.num_classes, self.alpha, self.probability = int(num_classes), float(alpha), float(probability)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = soft_labels(labels, self.num_classes)
        if rng.random() >= self.probability:
            return images, labels
        order = rng.permutation(len(images))
        images, lam = paste(images, images[order], rng.beta(self.alpha, self.alpha), rng)
        return images, mix(labels, lam, order)


def check_mixing(alpha: float, probability: float) -> None:
    """Raises ValueError unless `alpha` is positive and `probability` above 0 and at most 1."""
    if not alpha > 0:
        raise ValueError(f"`alpha` must be positive. Received: alpha={alpha}")
    if not 0 < probability <= 1:
        raise ValueError(f"`probability` must be above 0 and at most 1. Received: probability={probability}")


def paste(
    images: np.ndarray, others: np.ndarray, lam: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Puts one random rectangle of `others` onto copies of `images`.

    Args:
        images, others: [B, H, W, C].
        lam: share of the image that is to be left, before the rectangle is cut at the border.
        rng: draws the rectangle's center.

    Returns:
        (new images, the share of their pixels that is left).
    """
    top, bottom, left, right = random_box(*images.shape[1:3], lam, rng)
    images = np.array(images)
    images[:, top:bottom, left:right] = others[:, top:bottom, left:right]
    return images, 1.0 - (bottom - top) * (right - left) / (images.shape[1] * images.shape[2])


def random_box(height: int, width: int, lam: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of a rectangle that covers 1 - `lam` of the image before it is cut at the border.

    Its sides are rounded down to whole pixels, and each half of a side once more, as in the released code.
    """
    half_height = int(height * math.sqrt(1.0 - lam)) // 2
    half_width = int(width * math.sqrt(1.0 - lam)) // 2
    row, column = int(rng.integers(height)), int(rng.integers(width))
    return (
        max(row - half_height, 0),
        min(row + half_height, height),
        max(column - half_width, 0),
        min(column + half_width, width),
    )
