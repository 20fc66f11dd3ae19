"""Finished rows: what was measured, one JSON file for each, and all that is computed from it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from ltzoo.files import atomic_write

RESULTS = Path(__file__).resolve().parent / "results"
MEASURES = ("top1", "balanced", "many", "medium", "few", "macro_f1")


@dataclasses.dataclass(frozen=True)
class Record:
    """A finished row on one folder.

    Attributes:
        dataset, row: names.
        options: options of its command besides folders and seed.
        seed: its seed.
        images: digest of the names of the test images.
        train, test: images per class, in the order of the class names.
        measures: value and 95 % interval by measure, as fractions; None without images.
        usage: see `child.measure`, without the exit code.
        setup: backend, versions of libraries, last commit that changed this library, processor and cores.
        notes: what the command printed of its own choices, such as the size of images.
        predicted: class of each test image, in the order of classes and names.
    """

    dataset: str
    row: str
    options: list[str]
    seed: int
    images: str
    train: list[int]
    test: list[int]
    measures: dict[str, list[float | None]]
    usage: dict[str, float]
    setup: dict[str, Any]
    notes: dict[str, Any]
    predicted: list[int]

    @property
    def labels(self) -> list[int]:
        """The class of each test image, in the order of `predicted`."""
        return [label for label, count in enumerate(self.test) for _ in range(count)]


def path_of(results: Path, dataset: str, row: str) -> Path:
    """Return the file of a row."""
    return results / f"{dataset}-{row}.json"


def write(record: Record, results: Path) -> Path:
    """Write a record, one entry per line."""
    path = path_of(results, record.dataset, record.row)
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in dataclasses.asdict(record).items()]
    with atomic_write(path) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


def read(path: Path) -> Record:
    """Read a record."""
    return Record(**json.loads(path.read_text(encoding="utf-8")))


def measures_of(predicted: list[int], labels: list[int], train: list[int]) -> dict[str, list[float | None]]:
    """Return the value and the interval of each measure, with this library's stratified bootstrap.

    Shot groups are those of all training images of the folder, also where a row held some of them out.
    """
    import numpy as np

    from ltzoo.metrics.intervals import bootstrap_intervals, shot_numbers
    from ltzoo.metrics.resampled_accuracy import WeightedMeasures

    guesses, truth = np.array(predicted), np.array(labels)
    intervals = bootstrap_intervals(truth, guesses, len(train), train)
    members = shot_numbers(train, len(train))[1]
    values = WeightedMeasures(truth, guesses, members, np.zeros(len(train), bool)).of(
        np.ones((1, len(truth)), "float32")
    )
    return {
        name: [_rounded(float(values[name][0])), *(_rounded(float(bound)) for bound in intervals[name])]
        for name in MEASURES
    }


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 4)
