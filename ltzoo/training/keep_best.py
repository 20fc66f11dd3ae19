"""End a stage that no longer improves on held-out images, and keep its best epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo import checks
from ltzoo.training.state_file import values

KEEP = ("last", "best:balanced", "best:top1", "best:nll")
# The columns of the history that an epoch is judged by, the first ones first, and whether more is better.
_COLUMNS = {
    "balanced": (("balanced_accuracy", 1.0), ("nll", -1.0)),
    "top1": (("accuracy", 1.0), ("nll", -1.0)),
    "nll": (("nll", -1.0),),
}


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the best epoch of each stage, and end a stage after `patience` epochs without a better one.

    An epoch is better if its held-out balanced accuracy (or top-1 accuracy) is higher, or equal with a lower negative
    log-likelihood. The best weights come back at the end of the stage, and the next one starts from them.

    Args:
        classifier: the classifier in training.
        keep: one of `KEEP`; "last" keeps the weights of the last epoch.
        patience: epochs without improvement after which a stage ends; None never ends one.
    """

    remembers = ("best", "wait", "weights")

    def __init__(self, classifier: Any, keep: str = "last", patience: int | None = None) -> None:
        super().__init__()
        self.classifier, self.keep, self.patience = classifier, keep, patience
        self.on_train_begin()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the stage with nothing to compare with."""
        self.best: list[float] | None = None
        self.weights: list[np.ndarray] | None = None
        self.wait, self.improved = 0, False

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Compare an epoch; its weights are those that were measured, such as averages."""
        found = _rank(self.keep, logs or {})
        self.improved = self.best is None or found > list(self.best)
        if self.improved:
            self.best = found
            if self.keep != "last":
                self.weights = list(values(self.classifier.weights))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """End the stage if nothing has improved for long."""
        self.wait = 0 if self.improved else self.wait + 1
        if self.patience is not None and self.wait >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the best weights of the stage back."""
        if self.weights is not None:
            for variable, value in zip(self.classifier.weights, self.weights, strict=True):
                variable.assign(value)


def check_keep(keep: Any, patience: Any, dataset: Any, validate: bool) -> bool:
    """Return whether held-out images decide anything.

    Raises:
        TypeError, ValueError: `keep` or `patience` is wrong, or there are no held-out images.
    """
    checks.one_of("keep", keep, KEEP)
    if patience is not None:
        checks.integer("patience", patience, 1)
    if keep == "last" and patience is None:
        return False
    given = f"keep={keep!r}" if patience is None else f"patience={patience}"
    if not validate or dataset.val is None or not (_streamed(dataset.val) or len(dataset.val)):
        raise ValueError(
            "`keep` and `patience` need held-out images: a `dataset` with a validation split, and validate=True; for a "
            f"folder hold some out with validation_fraction=0.1 (--validation-fraction 0.1). Received: {given}, "
            f"{'validate=False' if not validate else 'a dataset without validation images'}"
        )
    return True


def _streamed(split: Any) -> bool:
    return getattr(split, "streamed", False)  # Its length would take a pass.


def kept_epochs(history: Mapping[str, Sequence[Any]], keep: str) -> list[dict[str, Any]]:
    """Return which epoch of each stage was kept, with its measures on held-out images.

    Args:
        history: one value per epoch, of a training with this `keep`.
        keep: one of `KEEP`.

    Returns:
        a dict per trained stage: `stage` and `epoch` from 1, `epochs` that were trained, and `balanced_accuracy`,
        `accuracy` and `nll`.
    """
    kept = []
    stages = list(history.get("stage", ()))
    for stage in dict.fromkeys(stages):
        rows = [row for row, number in enumerate(stages) if number == stage]
        measured = [
            {name: _value(history, f"val_{name}", row) for name in ("balanced_accuracy", "accuracy", "nll")}
            for row in rows
        ]
        if not any(value is not None for value in measured[-1].values()):
            continue
        best = len(rows) - 1
        if keep != "last":
            best = max(range(len(rows)), key=lambda row: (_rank(keep, measured[row]), -row))
        kept.append({"stage": int(stage), "epoch": best + 1, "epochs": len(rows), **measured[best]})
    return kept


def _value(history, name, row):
    value = history.get(name, [None] * (row + 1))[row]
    return None if value is None else float(value)


def _rank(keep: str, logs: Mapping[str, Any]) -> list[float]:
    """Return what an epoch is compared by; a list that is greater is better."""
    columns = _COLUMNS["balanced" if keep == "last" else keep.removeprefix("best:")]
    found = []
    for name, sign in columns:
        value = logs.get(name)
        value = math.nan if value is None else sign * float(value)
        found.append(-math.inf if math.isnan(value) else value)
    return found
