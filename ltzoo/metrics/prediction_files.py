"""`per_class.csv` and `predictions.csv`: tables that spreadsheets and other programs read."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from ltzoo.metrics.per_class import ClassResult
from ltzoo.metrics.predictions import TOP, Predictions
from ltzoo.readers.spreadsheet import Exact, plain_text, read_rows, write_rows

_PLACES = ("", "second_", "third_")
_COLUMNS = (
    "image",
    "true",
    "predicted",
    "true_label",
    "predicted_label",
    "true_probability",
    "probability",
    "group",
)
_OTHERS = tuple(f"{place}{column}" for place in _PLACES[1:] for column in ("predicted", "probability"))
_CLASS_COLUMNS = (
    "class", "label", "training_images", "images", "recall", "recall_low", "recall_high", "precision", "f1",
    "confused_with", "confused_images",
)  # fmt: skip
_MAX_IMAGES = 20_000_000
_MAX_CLASSES = 1_000_000


def write_per_class(path: str | os.PathLike, classes: Sequence[ClassResult]) -> None:
    """Write `Result.classes`, one class a line: shares as fractions, an empty cell where nothing was measured."""
    write_rows(
        path,
        _CLASS_COLUMNS,
        (
            [
                row.name, row.number, row.training_images, row.test_images, row.recall, row.recall_low,
                row.recall_high, row.precision, row.f1,
                None if row.confused_with is None else classes[row.confused_with].name, row.confused_images,
            ]
            for row in classes
        ),
    )  # fmt: skip


def read_class_counts(path: str | os.PathLike) -> tuple[list[str], list[int] | None]:
    """Return the class names in a file from `write_per_class`, and the training images per class if they are known.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file.
    """
    names: list[str] = []
    counts: list[int] = []
    for row in read_rows(path, _CLASS_COLUMNS[:3]):
        if len(names) >= _MAX_CLASSES or _integer(row[1]) != len(names):
            raise ValueError(f"`path` must have the classes in the order of their labels. Received: {row[1]}")
        names.append(plain_text(row[0]))
        counts += [_integer(row[2])] if row[2] else []
    return names, counts if len(counts) == len(names) else None


def write_predictions(
    path: str | os.PathLike,
    predictions: Predictions,
    class_names: Sequence[str],
    images: Sequence[str] | None = None,
) -> None:
    """Write predictions, one image a line: its name, the true and the three most probable classes, and the group.

    Args:
        path: the file.
        predictions: the predictions.
        class_names: names of the classes [C].
        images: names of the images [N]; default: their own, or else their positions.
    """
    names = images if images is not None else predictions.images
    names = range(len(predictions)) if names is None else names

    def rows():
        for number, image in enumerate(names):
            classes, found = predictions.classes[number], predictions.probabilities[number]
            label, guess = int(predictions.labels[number]), int(classes[0])
            group = None if predictions.groups is None else int(predictions.groups[number])
            row: list[object] = [str(image), class_names[label], class_names[guess], label, guess]
            row += [Exact(predictions.true_probability[number]), Exact(found[0]), group]
            for place in range(1, TOP):
                known = place < len(classes)
                row += [class_names[classes[place]], Exact(found[place])] if known else [None, None]
            yield row

    write_rows(path, (*_COLUMNS, *_OTHERS), rows())


def read_predictions(path: str | os.PathLike, num_classes: int | None = None) -> Predictions:
    """Return the predictions in a file from `write_predictions`; of the classes only the most probable.

    Args:
        path: the file.
        num_classes: number of classes C, or None if it is unknown.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file, a label is not 0 .. C - 1, or a probability is not in 0..1.
    """
    images, labels, shares, groups = [], [], [], []
    for number, row in enumerate(read_rows(path, _COLUMNS)):
        if number >= _MAX_IMAGES:
            raise ValueError(f"`path` must have at most {_MAX_IMAGES:,} rows. Received: more")
        image, _, _, label, guess, *probabilities, group = row
        try:
            labels.append((_label(label, num_classes), _label(guess, num_classes)))
            shares.append([_share(text) for text in probabilities])
            if group:
                groups.append(_integer(group))
        except ValueError as error:
            raise ValueError(f"`path` has a wrong value in row {number + 2}: {error}") from None
        images.append(plain_text(image))
    if not images or len(groups) not in (0, len(images)):
        raise ValueError(
            f"`path` must hold one image or more, with groups for all or none. Received: {len(images)} images, "
            f"{len(groups)} groups"
        )
    pairs, found = np.array(labels, "int64"), np.array(shares, "float64")
    return Predictions(
        labels=pairs[:, 0],
        classes=pairs[:, 1:],
        probabilities=found[:, 1:],
        true_probability=found[:, 0],
        images=tuple(images),
        groups=np.array(groups, "int64") if groups else None,
    )


def _label(text, num_classes):
    label = _integer(text)
    if not 0 <= label < (num_classes or _MAX_CLASSES):
        raise ValueError(f"a label must be a class of the run. Received: {label}")
    return label


def _integer(text):
    if len(text) > 20 or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise ValueError(f"it must be an integer. Received: {text[:40]!r}")
    return int(text)


def _share(text):
    try:
        share = float(text) if len(text) < 40 else math.nan
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1 + 1e-6:
        raise ValueError(f"a probability must be in 0..1. Received: {text[:40]!r}")
    return min(share, 1.0)
