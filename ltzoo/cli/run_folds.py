"""Cross-validation: a run per fold in folders of their own, the images of all folds measured together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ltzoo.cli.console import console, echo
from ltzoo.cli.result_files import write_results
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import mistake
from ltzoo.metrics import Predictions, Result
from ltzoo.metrics.pooled import join_predictions, pooled_result
from ltzoo.metrics.prediction_files import read_predictions
from ltzoo.report import results_table

SPLIT = "folds"
_SHOWN = 10


def run_folds(
    run: RunFolder,
    arguments: dict,
    dataset: Any,
    train: Callable[[RunFolder, dict, dict | None], None],
) -> tuple[Result, Predictions]:
    """Train each fold in `RUN/foldN`, unless it is finished, and measure all images together in `RUN/out_of_fold`.

    Args:
        run: the folder of the whole run, which the caller holds.
        arguments: arguments of the run, with `folds`.
        dataset: the data as a whole, for names and counts of the classes.
        train: function (folder, arguments, content of its `run.json` or None) that trains one fold.

    Returns:
        the measurements and predictions of all images, each by the model that has not seen it.
    """
    count, results, parts = arguments["folds"], {}, []
    for number in range(1, count + 1):
        name, fold = f"fold {number}", RunFolder(run.path / f"fold{number}")
        if (fold.report / "report.html").is_file() and fold.predictions.is_file():
            echo(f"{name} of {count} is finished")
        else:
            echo(f"{name} of {count}, into {fold.path}")
            fold.claim(resume=True)
            train(fold, {**arguments, "fold": number}, fold.read() if fold.is_run() else None)
        with mistake(f"{fold.path} has no results of a fold"):
            parts.append(read_predictions(fold.predictions, dataset.num_classes))
            results[name] = Result.from_dict(fold.read_result(fold.result, dataset.num_classes)["result"])
    predictions = join_predictions(parts)
    pooled = pooled_result(predictions, list(results.values()), dataset.class_counts, dataset.class_names)
    names = dataset.class_names
    write_results(RunFolder(run.path / "out_of_fold"), pooled, predictions, names, split=SPLIT)
    shown = {**(results if count <= _SHOWN else {}), "all folds": pooled}
    console().print(results_table(shown, split=SPLIT))
    return pooled, predictions
