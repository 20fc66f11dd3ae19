"""CutMix: replace a rectangle of every image with one from another image (Yun et al., ICCV 2019)."""

import math

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, MixingAlpha, PositiveInt
from ltzoo.data.augmentation.mixup import mix, soft_labels
from ltzoo.data.augmentation.registry import register


@register("cutmix")
class CutMix:
    """Paste a rectangle of image j onto image i, with labels y = lam y_i + (1 - lam) y_j.

    j runs over a random permutation of the batch. The sides of the rectangle are sqrt(1 - lam0) times the
    sides of the image, with lam0 ~ Beta(alpha, alpha). Its center is uniform over the pixels, and it is
    clipped at the border. lam is the share of image i that is left. The whole batch uses one rectangle and
    one lam (Yun et al., Algorithm A1 and released code).

    Args:
        num_classes: number of classes, for the soft labels.
        alpha: positive; the published value 1 draws lam0 uniformly.
        probability: share of batches that are mixed, above 0 and at most 1. The paper uses 1 for ImageNet and
            0.5 for CIFAR. Other batches keep their images and get one-hot labels.

    Call: (images [B, H, W, C], labels int [B] or soft [B, classes], rng) ->
        (images of the same type, labels float32 [B, classes]).
    """

    @checked
    def __init__(
        self, num_classes: PositiveInt, alpha: MixingAlpha = 1.0, probability: Fraction = 1.0
    ) -> None:
        check_mixing(alpha, probability)
        self.num_classes, self.alpha, self.probability = int(num_classes), float(alpha), float(probability)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixed images and their soft labels."""
        labels = soft_labels(labels, self.num_classes)
        if rng.random() >= self.probability:
            return images, labels
        order = rng.permutation(len(images))
        images, lam = paste(images, images[order], rng.beta(self.alpha, self.alpha), rng)
        return images, mix(labels, lam, order)


def check_mixing(alpha: float, probability: float) -> None:
    """Check the arguments that mixing steps share.

    Raises:
        ValueError: `alpha` is not positive, or `probability` is not above 0 and at most 1.
    """
    if not alpha > 0:
        raise ValueError(f"`alpha` must be positive. Received: alpha={alpha}")
    if not 0 < probability <= 1:
        raise ValueError(f"`probability` must be above 0 and at most 1. Received: probability={probability}")


def paste(
    images: np.ndarray, others: np.ndarray, lam: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Paste one random rectangle of `others` onto copies of `images`.

    Args:
        images, others: [B, H, W, C].
        lam: share of each image to leave, before the rectangle is clipped at the border.
        rng: draws the center of the rectangle.

    Returns:
        (new images, share of their pixels that is left).
    """
    height, width = images.shape[1:3]
    top, bottom, left, right = random_box(height, width, lam, rng)
    images = np.array(images)
    images[:, top:bottom, left:right] = others[:, top:bottom, left:right]
    return images, 1.0 - (bottom - top) * (right - left) / (height * width)


def random_box(height: int, width: int, lam: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a rectangle that covers 1 - `lam` of the image, then clip it at the border.

    As in the released code, its sides are rounded down to whole pixels, and so are the halves of its sides.

    Returns:
        (top, bottom, left, right).
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
