"""The rows of the table: what is trained, by which command."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PREDICTIONS = "predictions.csv"


@dataclasses.dataclass(frozen=True)
class Row:
    """A way to train a classifier on a folder.

    Attributes:
        name: name in the table and of the file.
        about: what it is, in one line.
        program: words after `python -m`.
        options: further options, the same for each folder.
        epochs: epochs of each stage by dataset, "" for all others; empty where the recipe's are meant.
    """

    name: str
    about: str
    program: tuple[str, ...]
    options: tuple[str, ...] = ()
    epochs: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)

    def options_for(self, dataset: str, share: float = 1.0) -> list[str]:
        """Return the options for a dataset, with a share of the epochs of each stage, but at least one."""
        epochs = self.epochs.get(dataset, self.epochs.get("", ()))
        if not epochs:
            return list(self.options)
        shared = [max(1, round(share * number)) if number else 0 for number in epochs]
        return [*self.options, "--epochs", ",".join(map(str, shared))]

    def command(self, folder: Path, out: Path, seed: int, options: Sequence[str]) -> list[str]:
        """Return the command that trains on `folder/train` and writes `out/predictions.csv` for `folder/test`."""
        words = [*self.program, "--data", str(folder), "--out", str(out), "--seed", str(seed), *options]
        return [sys.executable, "-m", *words]


_TRAIN = ("ltzoo", "train")
# Image sizes are the library's own for each network and folder, but for rows with 128 pixels: `transfer` would
# choose by the speed of the computer, and its features must be those of logistic regression. The epochs of `best` and
# `cross_entropy` are about as many as one core trains in ten minutes.
ROWS = {
    row.name: row
    for row in (
        Row(
            "transfer",
            "`ltzoo train`: linear classifier on the features of EfficientNet-Lite0 (ImageNet), at 128 pixels",
            (*_TRAIN, "transfer"),
            ("--image-size", "128"),
        ),
        Row(
            "transfer_up",
            "`ltzoo train --up`: the same without the transposes of each image",
            (*_TRAIN, "transfer"),
            ("--image-size", "128", "--up"),
        ),
        Row(
            "fine_tuning",
            "`ltzoo train fine_tuning`: EfficientNet-Lite0 (ImageNet) trained whole, at 128 pixels",
            (*_TRAIN, "fine_tuning"),
            ("--image-size", "128"),
            {"": (20, 8)},
        ),
        Row(
            "logistic_regression",
            "scikit-learn's logistic regression on the same features; strength of the penalty and class weights chosen "
            "by cross-validated balanced accuracy",
            ("benchmarks.folders.logistic_regression",),
            ("--image-size", "128"),
        ),
        Row(
            "fast",
            "`ltzoo train fast`: `fastnet` from random weights, logit adjustment",
            (*_TRAIN, "fast"),
            (),
            {"": (10,)},
        ),
        Row(
            "best",
            "`ltzoo train best`: `fastnet` from random weights, logit adjustment, AutoAugment, CMO; fewer epochs than "
            "its 100",
            (*_TRAIN, "best"),
            (),
            {"": (100, 1), "plankton": (18, 1), "grocery": (6, 1), "elpv": (12, 1)},
        ),
        Row(
            "cross_entropy",
            "`ltzoo train cross_entropy`: ResNet-32 from random weights; fewer epochs than its 200",
            (*_TRAIN, "cross_entropy"),
            (),
            {"": (200,), "plankton": (20,), "grocery": (25,), "elpv": (50,)},
        ),
        Row(
            "plain_cnn",
            "three convolutions in plain Keras, random weights, at 128 pixels: balanced softmax, Adam, mirror images",
            ("benchmarks.folders.plain_cnn",),
            ("--image-size", "128"),
            {"": (30,)},
        ),
    )
}
