"""How evenly strong the feature channels are: the feature bias that NBN rectifies."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ltzoo.checks import one_of
from ltzoo.contracts.labels import check_labels, check_same_length

SPREADS = ("std", "variance")


@dataclasses.dataclass(frozen=True)
class FeatureStrength:
    """Statistics of features per channel, over all images and per class.

    Attributes:
        mean: mu, float64 [D]: mean of each channel over the images.
        spread: sigma, float64 [D]: standard deviation (or variance, as requested) of each channel.
        variance_of_mean: Var(mu), Eq. 5.
        variance_of_spread: Var(sigma), Eq. 6.
        class_means: means over the images of each class, float64 [C, D]; NaN for a class without images, None without
            labels.
        class_variance_of_mean: Eq. 5 of the class means, float64 [C].
        class_variance_of_spread: Eq. 6 of the spreads within each class, float64 [C].
    """

    mean: np.ndarray
    spread: np.ndarray
    variance_of_mean: float
    variance_of_spread: float
    class_means: np.ndarray | None = None
    class_variance_of_mean: np.ndarray | None = None
    class_variance_of_spread: np.ndarray | None = None


def feature_strength(
    features: np.ndarray,
    labels: Sequence[int] | np.ndarray | None = None,
    num_classes: int | None = None,
    spread: str = "std",
) -> FeatureStrength:
    """Compute how mean and spread of the features vary over channels (Bao et al., 2024, Eq. 5-6, Table XVI).

        Var(mu) = sum_k (mu_k - mean_k mu_k)^2 / (D - 1),  Var(sigma) alike,

    with mean mu_k and spread sigma_k of channel k over the images. Small values mean evenly strong channels. Trained on
    ImageNet-LT, ResNet-50 has 0.040 and 0.152 with cross-entropy, 0.028 and 0.074 with NBN. Use the classifier's input
    features of balanced test images. To compare features of different scale, for example after a change of magnitude,
    divide them by their mean norm.

    Args:
        features: [N, D], for instance from `ltzoo.training.features.extract_features`.
        labels: integers [N] for the statistics per class, or None.
        num_classes: C; default: the largest label plus one.
        spread: "std" (the paper's text: "mean mu, and standard deviation sigma") or "variance" (its Table XVI: "mean
            mu and variance sigma"). The default follows the text, as in Eq. 1.

    Returns:
        the statistics.

    Raises:
        ValueError: if `features` is not [N, D] with N >= 1 and D >= 2, `labels` does not fit, or `spread` is unknown.
    """
    features = np.asarray(features, "float64")
    if features.ndim != 2 or len(features) < 1 or features.shape[1] < 2:
        raise ValueError(
            "`features` must be [images, channels] with 2 or more channels. "
            f"Received: features of shape {features.shape}"
        )
    one_of("spread", spread, SPREADS)
    mean, sigma = _statistics(features, spread)
    overall = FeatureStrength(mean, sigma, _variance(mean), _variance(sigma))
    if labels is None:
        return overall
    labels = check_labels(labels, num_classes)
    check_same_length(features, labels, "features", "labels")
    num_classes = int(labels.max()) + 1 if num_classes is None else int(num_classes)
    class_means, variances = (
        np.full((num_classes, features.shape[1]), np.nan),
        np.full((2, num_classes), np.nan),
    )
    for number in np.unique(labels):
        class_means[number], sigma = _statistics(features[labels == number], spread)
        variances[:, number] = _variance(class_means[number]), _variance(sigma)
    return dataclasses.replace(
        overall,
        class_means=class_means,
        class_variance_of_mean=variances[0],
        class_variance_of_spread=variances[1],
    )


def _statistics(features, spread):
    mean = features.mean(0)
    variance = np.square(features - mean).mean(0)
    return mean, variance if spread == "variance" else np.sqrt(variance)


def _variance(values):
    return float(np.var(values, ddof=1))
