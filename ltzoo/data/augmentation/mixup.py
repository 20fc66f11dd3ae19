"""Mixup of images and labels (Zhang et al., ICLR 2018)."""

from collections.abc import Sequence

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import MixingAlpha, PositiveInt
from ltzoo.contracts.labels import check_labels


class Mixup:
    """Mix x = lam x_i + (1 - lam) x_j and y = lam y_i + (1 - lam) y_j, with lam ~ Beta(alpha, alpha).

    j runs over a random permutation of the batch. Cross entropy on the mixed soft label equals the published
    form: lam times the cross entropy on y_i plus 1 - lam times the cross entropy on y_j.

    Args:
        alpha: positive; 1 draws lam uniformly.
        num_classes: number of classes, for the soft labels.
        per_sample: whether to draw one lam per image. By default one lam serves the batch, as in published
            code.

    Call: (images [B, H, W, C], labels int [B] or soft [B, classes], rng) ->
        (images float32 [B, H, W, C], labels float32 [B, classes]).
    """

    @checked
    def __init__(self, alpha: MixingAlpha, num_classes: PositiveInt, per_sample: bool = False) -> None:
        self.alpha, self.num_classes, self.per_sample = float(alpha), int(num_classes), bool(per_sample)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixed images and their soft labels."""
        count = len(images)
        lam = rng.beta(self.alpha, self.alpha, size=count if self.per_sample else 1)
        order = rng.permutation(count)
        return mix(images, lam, order), mix(soft_labels(labels, self.num_classes), lam, order)


def mix(values: np.ndarray, lam: float | np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return lam values + (1 - lam) values[order] in float32; `lam` has one element, or one per row."""
    values = np.asarray(values, dtype="float32")
    lam = np.asarray(lam, dtype="float32").reshape((-1,) + (1,) * (values.ndim - 1))
    others = values[order]
    others *= np.float32(1.0) - lam
    others += lam * values
    return others


def soft_labels(labels: Sequence[int] | np.ndarray, num_classes: int) -> np.ndarray:
    """Return integer labels [B] as one-hot float32 rows [B, num_classes]; return soft labels as float32.

    Raises:
        ValueError: the labels break the rules of `ltzoo.contracts.labels`.
    """
    labels = check_labels(labels, num_classes, soft=True)
    if labels.ndim == 2:
        return labels.astype("float32")
    return (labels[:, None] == np.arange(num_classes)).astype("float32")
