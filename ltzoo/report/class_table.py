"""The table of all classes in the page, for people with few classes and with thousands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.metrics import Result
from ltzoo.metrics.per_class import FEW_IMAGES
from ltzoo.report.columns import percent
from ltzoo.report.thumbnails import Sheets


class Strip(NamedTuple):
    """Pictures of a class: the number of their file, their distance from its top in pixels, and how many they are."""

    sheet: int
    top: int
    number: int


class ClassRow(NamedTuple):
    """The formatted cells of one class."""

    name: str
    group: str
    training_images: int
    images: int
    small: bool
    recall: str
    interval: str
    precision: str
    f1: str
    confused_with: str
    confused_images: int
    strip: Strip | None


def class_rows(
    result: Result, class_counts: ClassCounts, class_names: Sequence[str] | None, sheets: Sheets | None
) -> list[ClassRow]:
    """Return a row per class, from most to fewest training images."""
    counts = ClassCounts(class_counts)
    group = {int(label): name for name, members in counts.groups.items() for label in members}
    names = [str(label) for label in range(len(counts))] if class_names is None else list(class_names)
    rows = []
    for label in np.argsort(-counts.array, kind="stable"):
        row = result.classes[label]
        low, high = percent(row.recall_low), percent(row.recall_high)
        strip = None
        if sheets is not None and sheets.numbers[label]:
            strip = Strip(*sheets.place(int(label)), sheets.numbers[label])
        rows.append(
            ClassRow(
                name=names[label],
                group=group[int(label)],
                training_images=counts[int(label)],
                images=row.test_images,
                small=0 < row.test_images < FEW_IMAGES,
                recall=percent(row.recall),
                interval="" if "–" in (low, high) else f"{low}–{high}".replace("100.0", "100"),
                precision=percent(row.precision),
                f1=percent(row.f1),
                confused_with="" if row.confused_with is None else names[row.confused_with],
                confused_images=row.confused_images,
                strip=strip,
            )
        )
    return rows
