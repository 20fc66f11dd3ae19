"""Remix: mixup whose label favors the rarer class (Chou et al., ECCV Workshops 2020)."""

from collections.abc import Sequence

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, MixingAlpha
from ltzoo.class_counts import ClassCounts
from ltzoo.data.augmentation.mixup import Mixup, mix, soft_labels
from ltzoo.data.augmentation.registry import register


@register("remix")
class Remix(Mixup):
    """Mix images with lam as in `Mixup`, and labels with lam_y, which may differ from lam.

    x = lam x_i + (1 - lam) x_j and y = lam_y y_i + (1 - lam_y) y_j. With the class counts n_i and n_j,

    - lam_y = 0 if n_i / n_j >= kappa and lam < tau (Eq. 7),
    - lam_y = 1 if n_i / n_j <= 1 / kappa and 1 - lam < tau,
    - lam_y = lam otherwise.

    The label is thus the rarer class alone where the other class is at least kappa times as frequent and has a
    share of the image below tau.

    Args:
        class_counts: training images per class, [C].
        alpha: positive; lam ~ Beta(alpha, alpha).
        kappa: at least 1; 3 in the paper.
        tau: from 0 (plain mixup) to 1; 0.5 in the paper.
        per_sample: whether to draw one lam per image. By default one lam serves the batch.

    Call: (images [B, H, W, C], labels int [B], rng) ->
        (images float32 [B, H, W, C], labels float32 [B, C]).
    """

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        alpha: MixingAlpha = 1.0,
        kappa: float = 3.0,
        tau: Fraction = 0.5,
        per_sample: bool = False,
    ) -> None:
        self.class_counts = ClassCounts(class_counts)
        super().__init__(alpha, len(self.class_counts), per_sample)
        if not kappa >= 1 or not 0 <= tau <= 1:
            raise ValueError(
                f"`kappa` must be at least 1 and `tau` from 0 to 1. Received: kappa={kappa}, tau={tau}"
            )
        self.kappa, self.tau = float(kappa), float(tau)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixed images and the labels mixed by `label_lam`."""
        labels = np.asarray(labels)
        if labels.ndim != 1:
            raise ValueError(
                "`labels` must be integer labels: Remix compares the classes of two images, so put no other "
                f"mixing step before it. Received: labels of shape {labels.shape}"
            )
        count = len(images)
        lam = rng.beta(self.alpha, self.alpha, size=count if self.per_sample else 1)
        order = rng.permutation(count)
        label_lam = self.label_lam(lam, labels, labels[order])
        return mix(images, lam, order), mix(soft_labels(labels, self.num_classes), label_lam, order)

    def label_lam(self, lam: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return lam_y [B] from lam [B] or [1] and the classes i (`labels`) and j (`others`), each [B]."""
        # float64, so that ratios such as 3 / 1 are exact.
        counts = self.class_counts.array
        ratio = counts[labels] / counts[others]
        lam = np.broadcast_to(np.asarray(lam, "float64"), ratio.shape)
        to_other = (ratio >= self.kappa) & (lam < self.tau)
        to_own = (1.0 / ratio >= self.kappa) & (1.0 - lam < self.tau)
        return np.where(to_other, 0.0, np.where(to_own, 1.0, lam))
