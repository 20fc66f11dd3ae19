"""Outputs of a classifier in a CSV file: a column per class, any other columns, one row per image."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.checks import did_you_mean, shortened
from ltzoo.contracts.labels import check_labels
from ltzoo.files import atomic_write
from ltzoo.posthoc.outputs import softmax
from ltzoo.posthoc.priors import training_prior
from ltzoo.posthoc.rebalance_logits import Rebalanced, rebalance_logits
from ltzoo.readers.text_tables import read_text

MAX_BYTES = 2_000_000_000


class OutputTable:
    """A CSV file with a header, in which the columns of the class names hold logits or probabilities.

    Args:
        path: the file, in UTF-8.
        class_names: names in class order; each is the header of one column.

    Attributes:
        outputs: float64 `[N, C]`, in the order of `class_names`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such table.
    """

    def __init__(self, path: str | os.PathLike, class_names: Sequence[str]):
        self.path = Path(path)
        rows = list(_rows(self.path))
        self.header, self.rows = (rows[0], rows[1:]) if rows else ([], [])
        twice = next((name for place, name in enumerate(self.header) if name in self.header[:place]), None)
        if twice is not None:
            self._refuse("each column once", f"{shortened(twice)} twice")
        missing = next((name for name in class_names if name not in self.header), None)
        if missing is not None:
            hint = did_you_mean(missing, self.header)
            self._refuse(
                f"a column for each of the {len(class_names)} classes", f"none for {missing!r}.{hint}"
            )
        if not self.rows:
            self._refuse("a row per image below its header", "no row")
        ragged = next((n for n, row in enumerate(self.rows) if len(row) != len(self.header)), None)
        if ragged is not None:
            found = f"{len(self.rows[ragged])} cells for {len(self.header)} columns in row {ragged + 1}"
            self._refuse("a cell per column in every row", found)
        self.columns = [self.header.index(name) for name in class_names]
        self.outputs = self._numbers()

    def labels(self, column: str, class_names: Sequence[str]) -> np.ndarray:
        """Return the labels int64 `[N]` in a column: class names, or else class indices.

        Raises:
            ValueError: there is no such column, or a cell names no class.
        """
        if column not in self.header:
            hint = did_you_mean(column, self.header)
            self._refuse(f"a column {column!r} with the labels", f"none.{hint}")
        cells = [row[self.header.index(column)].strip() for row in self.rows]
        if not set(cells) <= set(class_names) and all(cell.isdigit() and len(cell) < 10 for cell in cells):
            return check_labels([int(cell) for cell in cells], len(class_names))
        return check_labels(cells, len(class_names), class_names=class_names)

    def write(
        self, path: str | os.PathLike, outputs: np.ndarray, extra: Mapping[str, Sequence[Any]] | None = None
    ):
        """Write the table with other outputs and, at the end, further columns.

        Args:
            path: the new file.
            outputs: `[N, C]`.
            extra: cells by the name of the column.
        """
        extra = extra or {}
        for name in extra:
            if name in self.header:
                self._refuse(f"no column {name!r}, which is written now", "one")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.header, *extra])
        for number, row in enumerate(self.rows):
            row = list(row)
            for column, value in zip(self.columns, outputs[number].tolist(), strict=True):
                row[column] = f"{value:.9g}"
            writer.writerow([*row, *(cells[number] for cells in extra.values())])
        with atomic_write(path) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8", newline="")

    def _numbers(self):
        try:
            return np.array([[float(row[column]) for column in self.columns] for row in self.rows], "float64")
        except ValueError as error:
            self._refuse("a number per class in every row", str(error))

    def _refuse(self, right, found):
        raise ValueError(
            f"`path` must be a CSV file with {right}. Received: path={str(self.path)!r} with {found}"
        )


def rebalance_csv(
    path: str | os.PathLike,
    held_out: str | os.PathLike,
    out: str | os.PathLike,
    class_counts: Mapping[str, int],
    *,
    label_column: str = "label",
    unlabelled: str | os.PathLike | None = None,
    **options: Any,
) -> Rebalanced:
    """Correct the probabilities (or logits) in a CSV file, and write the same table with the new ones.

    Args:
        path: the table to correct: a column per class, any other columns, a row per image.
        held_out: a table of held-out images with the same class columns and a column of labels.
        out: the new file.
        class_counts: training images by class name, in class order.
        label_column: name of the column of labels in `held_out`.
        unlabelled: a table of unlabelled images for `prior="estimate"`; default: the table to correct.
        **options: arguments of `ltzoo.posthoc.rebalance`, such as `prior`.

    Raises:
        OSError: a file cannot be read.
        ValueError: an argument or a table is wrong.
    """
    names = [str(name) for name in class_counts]
    table, known = OutputTable(path, names), OutputTable(held_out, names)
    if options.get("prior") == "estimate":
        options["unlabelled"] = (
            table.outputs if unlabelled is None else OutputTable(unlabelled, names).outputs
        )
    kind = options.pop("outputs", None)
    counts = training_prior(class_counts, len(names), names)
    labels = known.labels(label_column, names)
    result = rebalance_logits(known.outputs, labels, counts, class_names=names, kind=kind, **options)
    table.write(out, corrected_outputs(result, table.outputs))
    return result


def corrected_outputs(result: Rebalanced, outputs: np.ndarray) -> np.ndarray:
    """Return corrected outputs `[N, C]` of the kind of the given ones."""
    logits = result.apply(outputs)
    return softmax(logits) if result.outputs == "probabilities" else logits


def _rows(path):
    text = read_text(path, MAX_BYTES)
    try:
        yield from (row for row in csv.reader(io.StringIO(text, newline="")) if row)
    except csv.Error as error:
        raise ValueError(f"`path` must be a CSV file: {error}. Received: path={str(path)!r}") from error
