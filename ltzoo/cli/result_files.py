"""`result.json`, `per_class.csv` and `predictions.csv`: what a measurement leaves in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.cli.table_options import is_table

if TYPE_CHECKING:
    from ltzoo.metrics import Alarm, Predictions, Result


def write_results(
    run: RunFolder,
    result: Result | None,
    predictions: Predictions | None,
    class_names: Sequence[str],
    *,
    split: str | None,
    alarms: Sequence[Alarm] = (),
    data: str | None = None,
    **facts: Any,
) -> None:
    """Write the files of a measurement into a folder; without images to measure only `result.json`.

    Args:
        run: the folder.
        result, predictions: what was measured, or None.
        class_names: names of the classes.
        split: name of the measured split, or None.
        alarms: alarms of the predictions.
        data: folder of the images; their names are paths in it.
        facts: further entries of `result.json`.
    """
    from ltzoo.metrics.prediction_files import write_per_class, write_predictions

    if result is not None and predictions is not None:
        write_predictions(run.predictions, predictions, class_names, image_names(predictions, data))
        write_per_class(run.per_class, result.classes)
    write_json(
        run.result,
        {
            "split": split,
            **facts,
            "result": None if result is None else result.to_dict(),
            "alarms": [str(alarm) for alarm in alarms],
        },
    )


def image_names(predictions: Predictions, data: str | None) -> list[str] | None:
    """Return the names of images: paths in the folder of the data, or of its table, with slashes if they lie in it."""
    return None if predictions.images is None else inside(predictions.images, data)


def inside(paths: Iterable[str], data: str | None) -> list[str]:
    """Return paths, those in a folder, or that of a table, relative to it, with slashes."""
    if data is None or not os.path.isabs(data):
        return list(paths)
    data = os.path.dirname(data) if is_table(data) else data
    start = data.rstrip(os.sep) + os.sep
    return [Path(path[len(start) :]).as_posix() if path.startswith(start) else path for path in paths]
