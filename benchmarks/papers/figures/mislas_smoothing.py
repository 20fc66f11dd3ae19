"""Figures of MiSLAS (Zhong et al., CVPR 2021) on label-aware smoothing."""

import dataclasses

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Change, Reading, Trained, figure
from benchmarks.papers.figures.mislas import CIFAR10, CIFAR100
from benchmarks.papers.plots.caption import by_network
from benchmarks.papers.plots.lines import Panel, curves
from benchmarks.papers.plots.matrices import triangles
from benchmarks.papers.plots.points import half_violins
from ltzoo.losses import label_aware_smoothing_factors

STEPS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def late_loss(**changes) -> Change:
    """Return a change of the loss of stage 2."""

    def change(recipe, network):
        first, second = recipe.stages
        return dataclasses.replace(
            recipe, stages=(first, dataclasses.replace(second, loss={**second.loss, **changes}))
        )

    return change


def _violins(lines, load):
    shown = [group for group in measures.GROUPS if group in lines[0]["numbers"]]
    found = {group: {line["label"]: line["numbers"][group] for line in lines} for group in shown}
    means = {
        group: {line["label"]: line["numbers"][f"mean {group}"] / 100 for line in lines} for group in shown
    }
    return half_violins(
        found,
        means,
        "probability of the true class (height: share of the test images, each row to its own scale)",
    )


figure(
    "mislas", "3", "predicted probabilities of many-, medium- and few-shot classes, CIFAR-100-LT",
    [
        Trained("LWS, cross-entropy", CIFAR100, "lws"),
        Trained(
            "LWS, label-aware smoothing", CIFAR100, "lws",
            change=late_loss(name="label_aware_smoothing", smooth_head=0.4, smooth_tail=0.1, over="others"),
        ),
    ],
    measures.probabilities, _violins,
)  # fmt: skip


def _smoothing(network):
    return [
        Trained(
            f"ε1 = {head}, εK = {tail}",
            network,
            "mislas",
            change=late_loss(smooth_head=head, smooth_tail=tail),
        )
        for head in STEPS
        for tail in STEPS
        if tail <= head
    ]


def _accuracy_and_loss(reading: Reading) -> dict:
    loss = reading.run.about["recipe"]["stages"][1]["loss"]
    return {**measures.accuracy(reading), "ε1": loss["smooth_head"], "εK": loss["smooth_tail"]}


def _triangles(lines, load):
    panels = {}
    for network, own in by_network(lines).items():
        matrix = np.full((len(STEPS), len(STEPS)), np.nan)
        for line in own:
            numbers = line["numbers"]
            matrix[STEPS.index(numbers["εK"]), STEPS.index(numbers["ε1"])] = numbers["top1"]
        panels[network] = (STEPS, matrix)
    return triangles(
        panels, "ε1, smoothing of the largest class", "εK, of the smallest class", "top-1 accuracy (%)"
    )


for _number, _title, _networks in (
    ("5", "CIFAR-100-LT", [CIFAR100]),
    ("10", "CIFAR-10-LT and CIFAR-100-LT", [CIFAR10, CIFAR100]),
):
    figure(
        "mislas", _number, f"constants of label-aware smoothing, {_title}",
        [trained for network in _networks for trained in _smoothing(network)],
        _accuracy_and_loss, _triangles,
    )  # fmt: skip


SHAPES = {
    "concave": {"shape": "concave"},
    "linear": {"shape": "linear"},
    "convex": {"shape": "convex"},
    **{f"p = {text}": {"shape": "power", "power": power} for text, power in (
        ("1/4", 0.25), ("1/2", 0.5), ("2", 2.0), ("4", 4.0)
    )},
}  # fmt: skip


def _course(reading: Reading) -> dict:
    loss = reading.run.about["recipe"]["stages"][1]["loss"]
    given = {key: loss[key] for key in ("smooth_head", "smooth_tail", "shape", "power") if key in loss}
    counts = np.linspace(min(reading.data.class_counts), max(reading.data.class_counts), 21)
    whole = np.rint(counts).astype(int)
    return {
        **measures.accuracy(reading),
        "images": whole,
        "smoothing": label_aware_smoothing_factors(whole, **given),
    }


def _shapes(lines, load):
    panels = []
    for title, chosen in (("Eq. 3", ("concave", "linear", "convex")), ("Eq. 7", ("linear", "p"))):
        own = [line for line in lines if line["label"].split(" ")[0] in chosen]
        drawn = [
            (
                f"{line['label']}: {line['numbers']['top1']:.1f} %",
                line["numbers"]["images"],
                line["numbers"]["smoothing"],
            )
            for line in own
        ]
        panels.append(Panel(title, "training images of the class", "smoothing ε", drawn))
    return curves(panels)


figure(
    "mislas", "11", "forms of label-aware smoothing and their top-1 accuracy, CIFAR-100-LT",
    [
        Trained(label, CIFAR100, "mislas", change=late_loss(smooth_head=0.4, smooth_tail=0.1, **shape))
        for label, shape in SHAPES.items()
    ],
    _course, _shapes,
)  # fmt: skip
