"""Context-rich minority oversampling (CMO): rare images pasted onto frequent backgrounds (Park et al., 2022)."""

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, MixingAlpha, PositiveInt
from ltzoo.data.augmentation.cutmix import check_mixing, paste
from ltzoo.data.augmentation.mixup import soft_labels
from ltzoo.data.augmentation.registry import register


@register("cmo")
class CMO:
    """Paste a rectangle of each companion image onto its main image, as CutMix does.

    Main images (backgrounds) follow the data distribution; companions (foregrounds) favor rare classes. The
    stage's sampler entry `{"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}}`
    yields such pairs in the order main0, companion0, main1, companion1, ... This step returns one image per
    pair. Rectangles are drawn as in `CutMix`. The labels are y = lam y_main + (1 - lam) y_companion, where
    lam is the share of the main image that is left (Park et al., CVPR 2022, Algorithm 1).

    Args:
        num_classes: number of classes, for the soft labels.
        alpha: positive parameter of lam0 ~ Beta(alpha, alpha); 1 in the paper.
        probability: share of batches that are mixed; 0.5 in the released code. Other batches return the main
            images.

    Call: (images [2B, H, W, C], labels int [2B] or soft [2B, classes], rng) ->
        (images of the same type [B, H, W, C], labels float32 [B, classes]).
    """

    merges_pairs = True  # one image leaves for each pair that enters

    @checked
    def __init__(
        self, num_classes: PositiveInt, alpha: MixingAlpha = 1.0, probability: Fraction = 0.5
    ) -> None:
        check_mixing(alpha, probability)
        self.num_classes, self.alpha, self.probability = int(num_classes), float(alpha), float(probability)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return one image and one soft label per pair."""
        check_pairs(len(images))
        labels = soft_labels(labels, self.num_classes)
        main, companion = images[0::2], images[1::2]
        main_labels, companion_labels = labels[0::2], labels[1::2]
        if rng.random() >= self.probability:
            return main, main_labels
        mixed, lam = paste(main, companion, rng.beta(self.alpha, self.alpha), rng)
        lam = np.float32(lam)
        return mixed, lam * main_labels + (np.float32(1.0) - lam) * companion_labels


def check_pairs(count: int | None) -> None:
    """Check that images come in pairs.

    Args:
        count: number of images, or None if it is not known yet.

    Raises:
        ValueError: the number is odd.
    """
    if count is not None and count % 2:
        raise ValueError(
            "CMO takes pairs of a main and a companion image; give the stage's sampler a `companion`. "
            f"Received: {count} images"
        )
