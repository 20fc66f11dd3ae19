"""Figures of GCL (Li et al., CVPR 2022)."""

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Reading, Trained, figure, illustration
from benchmarks.papers.plots.points import scatter
from ltzoo.report import style

ONE = "resnet32/cifar10_lt/100"
# Training images of the four classes of Figure 1.
SIZES = (500, 200, 100, 50)


def _four_classes(reading: Reading) -> dict:
    """Return training images of four classes.

    Deviation: the paper trains on a subset with four classes of these sizes. Here the network has learned all classes,
    and those whose sizes are nearest are shown. Where the largest class has fewer images, the ratios are kept.
    """
    counts = np.asarray(reading.data.class_counts, float)
    largest = min(SIZES[0], counts.max())
    left, shown = list(range(len(counts))), []
    for size in SIZES:
        wanted = np.log(largest * size / SIZES[0])
        shown.append(min(left, key=lambda number: (abs(np.log(counts[number]) - wanted), number)))
        left.remove(shown[-1])
    return {**measures.accuracy(reading), "training": measures.points_of(reading, reading.data.train, shown)}


def _all_classes(reading: Reading) -> dict:
    order = style.by_count(reading.data.class_counts).tolist()
    splits = {"training": reading.data.train, "test": measures.test_of(reading.data)}
    points = {name: measures.points_of(reading, split, order) for name, split in splits.items()}
    return {**measures.accuracy(reading), **points}


def _scatter(lines, load):
    return scatter({
        f"{line['label']}, {split} images": line["numbers"][split]
        for split in ("training", "test")
        for line in lines
        if split in line["numbers"]
    })  # fmt: skip


figure(
    "gcl", "1", "features of training images of four classes, CIFAR-10-LT",
    [Trained("CE loss", ONE, "cross_entropy")], _four_classes, _scatter,
)  # fmt: skip
illustration("gcl", "2", "overview of GCL", "it is a drawing of the method")
figure(
    "gcl", "3", "features of training and test images, CIFAR-10-LT",
    [Trained("CE loss", ONE, "cross_entropy"), Trained("GCL", ONE, "gcl")], _all_classes, _scatter,
)  # fmt: skip
