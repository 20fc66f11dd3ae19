"""The measurement of a classifier that was trained on all images, by its out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltzoo.metrics import Predictions, Result
from ltzoo.metrics.predictions import predictions_from_probabilities
from ltzoo.metrics.result import result_from_probabilities

# Name of the "split" in `result.json` and reports.
FOLDS = "folds"
NOTE = (
    "Measured out of fold: each image by a classifier that was trained on no image of its fold. The final classifier "
    "is trained on all images, so no image is left to measure it."
)


def out_of_fold(classifier: Any, dataset: Any) -> tuple[Result, Predictions] | None:
    """Return measurements and predictions of the calibrated out-of-fold logits, or None if there are none.

    The few numbers of the calibration were fitted to the same logits, which flatters likelihood and calibration a
    little.

    Args:
        classifier: the classifier after `fit`.
        dataset: what it was trained on; its training and validation images, in this order, are those of the logits.
    """
    found = getattr(classifier, "out_of_fold", None)
    if found is None or not len(found.labels):
        return None
    logits = np.asarray(found.logits, np.float64)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    splits = [split for split in (dataset.train, dataset.val) if split is not None]
    images, groups = _images(splits, found.labels), _groups(splits, len(found.labels))
    result = result_from_probabilities(
        probabilities,
        found.labels,
        classifier.class_counts,
        class_names=classifier.class_names,
        groups=groups,
    )
    return result, predictions_from_probabilities(probabilities, found.labels, images, groups)


def _images(splits, labels) -> list[str] | None:
    """Return the names of the images, if the splits know them and hold these very images."""
    describes = [getattr(split, "describe", None) for split in splits]
    if not np.array_equal(np.concatenate([split.labels for split in splits]), labels):
        return None
    if any(describe is None for describe in describes):
        return None
    return [split.describe(place) for split in splits for place in range(len(split.labels))]


def _groups(splits, images: int) -> np.ndarray | None:
    found = [split.groups for split in splits if getattr(split, "groups", None) is not None]
    if len(found) < len(splits):
        return None
    joined = np.concatenate(found)
    return joined if len(joined) == images else None
