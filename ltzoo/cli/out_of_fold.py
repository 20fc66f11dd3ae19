"""The measurement of a classifier that was trained on all images, by its out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltzoo.metrics import Result
from ltzoo.metrics.result import result_from_probabilities

# Name of the "split" in `result.json` and reports.
FOLDS = "folds"
NOTE = (
    "Measured out of fold: each image by a classifier that was trained on no image of its fold. The final classifier "
    "is trained on all images, so no image is left to measure it."
)


def out_of_fold_result(classifier: Any) -> Result | None:
    """Return the measurement of the calibrated out-of-fold logits, or None if there are none.

    The two numbers of the calibration were fitted to the same logits, which flatters likelihood and calibration a
    little.
    """
    found = getattr(classifier, "out_of_fold", None)
    if found is None or not len(found.labels):
        return None
    logits = np.asarray(found.logits, np.float64)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result_from_probabilities(probabilities, found.labels, classifier.class_counts)
