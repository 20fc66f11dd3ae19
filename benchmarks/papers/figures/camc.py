"""Figures of CAMC (Zhang et al., 2021)."""

import dataclasses
from collections.abc import Callable

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Change, Reading, Trained, figure, illustration
from benchmarks.papers.plots import results
from benchmarks.papers.plots.lines import Panel, bars, curves
from ltzoo.report import ActivationMaps, plots, style, tail_activation_maps

RESNEXT = "resnext50/imagenet_lt"
MAGNITUDES = {"g = 1/32": 1 / 32, "g = 1/8": 1 / 8, "g = 1/2": 0.5, "g = 4": 4.0, "g = 32": 32.0}


def scaled(magnitude: float) -> Change:
    """Return a change of the magnitude g of stage 1."""

    def change(recipe, network):
        first = dataclasses.replace(recipe.stages[0], scale=magnitude)
        return dataclasses.replace(recipe, stages=(first, *recipe.stages[1:]))

    return change


def threshold(value: int) -> Change:
    """Return a change of the threshold tau of stage 2."""

    def change(recipe, network):
        first, second = recipe.stages
        head = {**second.head, "threshold": value}
        return dataclasses.replace(recipe, stages=(first, dataclasses.replace(second, head=head)))

    return change


def _maps(images: int) -> Callable[[Reading], dict]:
    def measure(reading):
        split = measures.test_of(reading.data)
        found = tail_activation_maps(reading.run.model, split, images)
        if found is None:
            raise ValueError("`reading` must have maps of more than one position, and tail classes")
        seen: dict[int, int] = {}
        positions = []
        for label in found.labels.tolist():  # The k-th image of a class is the k-th of the split.
            positions.append(np.flatnonzero(np.asarray(split.labels) == label)[seen.get(label, 0)])
            seen[label] = seen.get(label, 0) + 1
        kept = {key: value for key, value in found._asdict().items() if key != "images"}
        return {**measures.accuracy(reading), "positions": positions, **kept, **measures.classes(reading)}

    return measure


def _map_pictures(lines, load):
    line, numbers = lines[0], lines[0]["numbers"]
    images = load(line["network"]).test.load(np.array(numbers["positions"]))
    kept = {name: np.asarray(numbers[name]) for name in ActivationMaps._fields if name != "images"}
    return plots.activation_maps(
        ActivationMaps(images, **kept), numbers["class_counts"], numbers["class_names"]
    )


for _number, _title, _images in (("1", "an image of a tail class", 1), ("5", "images of tail classes", 6)):
    figure(
        "camc", _number, f"class activation maps (and predictions) before and after calibration, {_title}, ImageNet-LT",
        [Trained("CAMC", RESNEXT, "camc", "camc")], _maps(_images), _map_pictures,
    )  # fmt: skip
figure(
    "camc", "2", "norms of the class vectors after representation learning, ImageNet-LT",
    [Trained("Linear", RESNEXT, "cross_entropy", "camc")], measures.norms, results.weight_norms,
)  # fmt: skip
illustration("camc", "3", "framework and module of CAMC", "it is a drawing of the method")
illustration("camc", "4", "sliding window of CAMC++", "it is a drawing of the method")


def _by_magnitude(network, setup):
    return [
        Trained(label, network, "normalized_classifier", setup, scaled(value), measures.watch_accuracy)
        for label, value in MAGNITUDES.items()
    ]


def _courses(lines, load):
    panels = []
    for key, title, unit in (
        ("loss", "training loss", "loss (nats)"),
        ("many", "many-shot classes", "accuracy (%)"),
        ("medium", "medium-shot classes", "accuracy (%)"),
        ("few", "low-shot classes", "accuracy (%)"),
    ):
        found = [
            (line["label"], range(1, len(line["numbers"][key]) + 1), line["numbers"][key]) for line in lines
        ]
        panels.append(
            Panel(
                title,
                "epoch",
                unit,
                found,
                limits=None if key == "loss" else (-2, 102),
                log="y" if key == "loss" else "",
            )
        )
    return curves(panels, integers=True, height=2.9)


figure(
    "camc", "6", "training loss and accuracy under different magnitudes g, ImageNet-LT",
    _by_magnitude(RESNEXT, "camc"), measures.course, _courses,
)  # fmt: skip
figure(
    "camc", "7", "confusion matrices under different magnitudes g, CIFAR-10-LT, imbalance factor 200",
    _by_magnitude("resnet32/cifar10_lt/200", "cifar"), measures.confusion, results.confusion,
)  # fmt: skip


def _groups(reading: Reading) -> dict:
    """Return the mean accuracy in % of ten groups of classes, most training images first."""
    order = style.by_count(reading.run.model.class_counts)
    parts = np.array_split(100 * reading.run.result.per_class[order], 10)
    return {**measures.accuracy(reading), "groups": [part.mean() if len(part) else np.nan for part in parts]}


def _gains(lines, load):
    baseline = lines[0]["numbers"]["groups"]
    panels = []
    for title in ("CAMC", "CAMC++"):
        own = [line for line in lines if line["label"].split(",")[0] == title]
        found = [
            (line["label"].split(", ")[1], range(1, 11), np.subtract(line["numbers"]["groups"], baseline))
            for line in own
        ]
        if found:
            panels.append(
                Panel(
                    title, "group of classes, most training images first", "gain over τ = 0 (points)", found
                )
            )
    return bars(panels)


figure(
    "camc", "8", "gains of ten groups of classes under different thresholds, ImageNet-LT",
    [
        Trained("τ = 0", RESNEXT, "normalized_classifier_crt", "camc"),
        *(
            Trained(f"{name}, τ = {text}", RESNEXT, method, "camc", threshold(value))
            for name, method in (("CAMC", "camc"), ("CAMC++", "camc_plus_plus"))
            for text, value in (("20", 20), ("100", 100), ("∞", 1_000_000))
        ),
    ],
    _groups, _gains,
)  # fmt: skip
