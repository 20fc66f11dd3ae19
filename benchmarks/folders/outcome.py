"""`predictions.csv` of a row that does not run `ltzoo train`, in the same form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def save(
    out: Path, data: Path, paths: Sequence[str], probabilities: np.ndarray, class_names: Sequence[str]
) -> None:
    """Write the predictions for test images, whose class is the name of their folder.

    Args:
        out: folder for the file.
        data: folder that the names of the images are relative to.
        paths: the images.
        probabilities: [N, C].
        class_names: [C].
    """
    from ltzoo.metrics.prediction_files import write_predictions
    from ltzoo.metrics.predictions import predictions_from_probabilities

    numbers = {name: number for number, name in enumerate(class_names)}
    labels = np.array([numbers[Path(path).parent.name] for path in paths])
    names = [Path(path).relative_to(data).as_posix() for path in paths]
    out.mkdir(parents=True, exist_ok=True)
    predictions = predictions_from_probabilities(probabilities, labels, names)
    write_predictions(out / "predictions.csv", predictions, class_names)
