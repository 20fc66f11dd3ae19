"""The images behind measurements out of fold, found again for the pictures of a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltzoo.cli.result_files import inside
from ltzoo.data.joined import join
from ltzoo.data.splits import Split
from ltzoo.metrics import Predictions


def measured_images(dataset: Any, predictions: Predictions, data: str | None) -> Split | None:
    """Return a split of the images that were predicted, in the order of the predictions.

    They are training and validation images, found by name. Images without names must be all of these, in order.

    Args:
        dataset: the dataset of the training.
        predictions: predictions out of fold.
        data: folder of the images, or the name of the dataset.

    Returns:
        the split; None if an image is not found, or a name or label fits more than one.
    """
    images = dataset.train if dataset.val is None else join(dataset.train, dataset.val)
    if predictions.images is None:
        return images if np.array_equal(images.labels, predictions.labels) else None
    describe = getattr(images, "describe", None)
    if describe is None:
        return None
    paths = inside(map(describe, range(len(images))), data)
    places = {path: place for place, path in enumerate(paths)}
    wanted = inside(predictions.images, data)
    if len(places) < len(paths) or any(path not in places for path in wanted):
        return None
    found = images.subset([places[path] for path in wanted])
    return found if np.array_equal(found.labels, predictions.labels) else None
