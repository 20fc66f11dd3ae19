"""Figures of FSA (Chu et al., ECCV 2020) with features in the plane."""

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Reading, Trained, figure
from benchmarks.papers.figures.fsa import C10, C100, phase_1
from benchmarks.papers.plots.points import scatter
from ltzoo.report import style
from ltzoo.techniques import feature_space
from ltzoo.training.features import in_batches


def _with_ship(reading: Reading) -> dict:
    """Return training images of the three largest classes and of class 8, the paper's ship."""
    return {
        **measures.accuracy(reading),
        "points": measures.points_of(reading, reading.data.train, [0, 1, 2, 8]),
    }


figure(
    "fsa", "3", "features of four classes, one of them with few and with enough samples, CIFAR-10",
    [
        Trained("few samples of class 8", C10, "cross_entropy"),
        Trained("enough samples", "resnet18/cifar10_lt/1", "cross_entropy"),
    ],
    _with_ship, lambda lines, load: scatter({line["label"]: line["numbers"]["points"] for line in lines}),
)  # fmt: skip


def decomposed(reading: Reading, shown) -> dict:
    """Return the t-SNE of the class-specific and of the class-generic part of training images (Eq. 1-3).

    Each part is the mean of the feature vectors at its locations, by the thresholds of phase 2.
    """
    model, train = reading.run.model, reading.data.train
    positions = measures.some_positions(train, shown)
    labels = np.asarray(train.labels)[positions]
    maps = in_batches(model.extract_feature_maps_on_batch, train, positions, 64)
    raw = feature_space.class_activation_maps(maps, model.head.kernel, labels)
    masks = feature_space.class_masks(feature_space.normalize_maps(raw))
    found = {}
    for name, mask in zip(("class-specific", "class-generic"), masks, strict=True):
        weights = measures.numpy(mask)
        some = weights.sum(axis=(1, 2)) > 0
        means = np.einsum("bhw,bhwd->bd", weights[some], maps[some]) / weights[some].sum(axis=(1, 2))[:, None]
        found[name] = measures.embedded(means, labels[some], model.class_names, shown)
    return found


def _decomposed(reading: Reading) -> dict:
    order = style.by_count(reading.data.class_counts)
    shown = sorted(order[: min(10, len(order))].tolist())
    return {**measures.accuracy(reading), **decomposed(reading, shown)}


def _parts(lines, load):
    names = [key for key in lines[0]["numbers"] if key.endswith(("class-specific", "class-generic"))]
    several = len(lines) > 1
    return scatter({
        f"{line['network'].split('/')[0]}, {name}" if several else name: line["numbers"][name]
        for line in lines
        for name in names
    })  # fmt: skip


figure(
    "fsa", "4", "class-specific and class-generic features, CIFAR-10-LT",
    [Trained("phase 1", C10, "fsa", change=phase_1)], _decomposed, _parts,
)  # fmt: skip
figure(
    "fsa", "11", "class-specific and class-generic features of several networks, CIFAR-10-LT",
    [
        Trained("phase 1", network, "fsa", change=phase_1)
        for network in (C10, "resnet34/cifar10_lt/200")
    ],
    _decomposed, _parts,
)  # fmt: skip


def _subsets(reading: Reading) -> dict:
    """Return the same of the largest, of the middle and of the smallest classes: ten of them, or a third of all."""
    order = style.by_count(reading.data.class_counts)
    size = min(10, len(order) // 3)
    found = measures.accuracy(reading)
    middle = (len(order) - size) // 2
    for name, start in (
        ("largest classes", 0),
        ("middle classes", middle),
        ("smallest classes", len(order) - size),
    ):
        parts = decomposed(reading, sorted(order[start : start + size].tolist()))
        found |= {f"{name}, {key}": value for key, value in parts.items()}
    return found


figure(
    "fsa", "12", "class-specific and class-generic features of subsets of classes, CIFAR-100-LT, ResNet-18",
    [Trained("phase 1", C100, "fsa", change=phase_1)], _subsets, _parts,
)  # fmt: skip
