"""Figures of FSA (Chu et al., ECCV 2020)."""

import dataclasses
import functools
import json

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Change, Reading, Trained, figure, illustration
from benchmarks.papers.plots.caption import by_network
from benchmarks.papers.plots.lines import Panel, curves
from benchmarks.papers.plots.matrices import confusions
from benchmarks.papers.plots.results import ordered_names, shares
from benchmarks.papers.stand_in import Network
from ltzoo import backbones
from ltzoo.recipes.by_dataset.published import counts
from ltzoo.recipes.recipe import Recipe
from ltzoo.techniques.feature_space import split_backbone, stage_ends

C10, C100 = "resnet18/cifar10_lt/200", "resnet18/cifar100_lt/200"
FOUR = [C10, "resnet34/cifar10_lt/200", C100, "resnet34/cifar100_lt/200"]
SHARES = (0.7, 0.8, 0.85, 0.9, 0.95, 0.99)


def phase_1(recipe: Recipe, network: Network) -> Recipe:
    """Leave out phase 2."""
    return dataclasses.replace(recipe, stages=recipe.stages[:1])


def phase_2(recipe: Recipe, **changes) -> Recipe:
    """Change fields of phase 2."""
    first, second = recipe.stages
    return dataclasses.replace(recipe, stages=(first, dataclasses.replace(second, **changes)))


def technique(**changes) -> Change:
    """Return a change of arguments of the augmentation."""
    return lambda recipe, network: phase_2(
        recipe, technique={**(recipe.stages[1].technique or {}), **changes}
    )


def without_augmentation(recipe: Recipe, network: Network) -> Recipe:
    """Continue in phase 2 with the same rate on all images."""
    return phase_2(recipe, technique=None)


def behind(blocks: int) -> Change:
    """Return the augmentation in front of the last blocks; see `FeatureSpaceAugmentation`."""

    def change(recipe, network):
        depth, trained = _cut(json.dumps(dict(network.config("fsa"))), blocks)
        augmented = {**recipe.stages[1].technique, "depth": depth}
        return phase_2(recipe, technique=augmented, trainable=trained)

    return change


@functools.cache
def _cut(backbone: str, blocks: int) -> tuple[int, list[str]]:
    """Return the number of the stage in front of the last ones, and the layers behind it that train."""
    made = backbones.get(**json.loads(backbone), input_shape=(32, 32, 3))
    depth = len(stage_ends(made)) - blocks
    upper = split_backbone(made, depth)[1]
    assert upper is not None
    return depth, [layer.name for layer in upper.layers if layer.weights]


illustration("fsa", "1", "decision boundaries with and without enough samples", "it is a drawing of the idea")


def _sizes(reading: Reading) -> dict:
    found = np.sort(counts(reading.network.dataset, reading.network.factor))[::-1]
    places = np.unique(np.linspace(0, len(found) - 1, 101).astype(int))
    return {
        "classes": len(found), "largest": int(found[0]), "smallest": int(found[-1]),
        "rank": (places + 1) / len(found), "images": found[places],
    }  # fmt: skip


def _sorted_sizes(lines, load):
    found = [(line["label"], line["numbers"]["rank"], line["numbers"]["images"]) for line in lines]
    return curves([Panel("", "rank of the class / classes", "training images", found, log="y")])


figure(
    "fsa", "2", "training images per class of long-tailed datasets",
    [
        Trained("CIFAR-10-LT, factor 200", "-/cifar10_lt/200", None),
        Trained("CIFAR-100-LT, factor 200", "-/cifar100_lt/200", None),
        Trained("ImageNet-LT", "-/imagenet_lt", None),
        Trained("Places-LT", "-/places_lt", None),
        Trained("iNaturalist 2018", "-/inaturalist2018", None),
    ],
    _sizes, _sorted_sizes,
)  # fmt: skip


illustration("fsa", "5", "the two phases", "it is a drawing of the method")


def _learning_curves(lines, load):
    panels = []
    for network, own in by_network(lines).items():
        stages = own[0]["numbers"]["stage"]
        borders = [number + 0.5 for number in range(1, len(stages)) if stages[number] != stages[number - 1]]
        found = [
            (line["label"], range(1, len(line["numbers"]["all"]) + 1), line["numbers"]["all"]) for line in own
        ]
        panels.append(Panel(network, "epoch (dotted: phase 2 begins)", "top-1 accuracy (%)", found, borders))
    return curves(panels, integers=True)


for _number, _title, _networks in (
    ("6", "CIFAR-10-LT, ResNet-18", [C10]),
    ("10", "CIFAR-10-LT and CIFAR-100-LT, ResNet-18 and ResNet-34", FOUR),
):
    figure(
        "fsa", _number, f"learning curves with and without augmentation, {_title}, imbalance factor 200",
        [
            Trained(label, network, "fsa", change=change, watch=measures.watch_accuracy)
            for network in _networks
            for label, change in (("baseline", without_augmentation), ("with augmentation", None))
        ],
        measures.course, _learning_curves,
    )  # fmt: skip


def _changes(lines, load):
    panels = {}
    for network, own in by_network(lines).items():
        found, data = [shares(line) for line in own], network.split("/", 1)[1]
        if len(found) == 2:
            panels |= {f"before phase 2, {data}": found[0], f"change, {data}": found[1] - found[0]}
    return confusions(panels, ordered_names(lines[0]))


figure(
    "fsa", "7", "confusion matrix before phase 2 and its change, CIFAR-10-LT and CIFAR-100-LT, ResNet-18",
    [
        Trained(label, network, "fsa", change=change)
        for network in (C10, C100)
        for label, change in (("phase 1", phase_1), ("phase 2", None))
    ],
    measures.confusion, _changes,
)  # fmt: skip


def _share(reading: Reading) -> dict:
    return {
        **measures.accuracy(reading),
        "h_r": reading.run.about["recipe"]["stages"][1]["technique"]["head_share"],
    }


def _over_shares(lines, load):
    found = [
        (network, [line["numbers"]["h_r"] for line in own], [line["numbers"]["top1"] for line in own])
        for network, own in by_network(lines).items()
    ]
    return curves([Panel("", "h_r, share of images in head classes", "top-1 accuracy (%)", found)])


figure(
    "fsa", "8", "share of head classes h_r, CIFAR-10-LT and CIFAR-100-LT, ResNet-18",
    [
        Trained(f"h_r = {share}", f"resnet18/{dataset}/{factor}", "fsa", change=technique(head_share=share))
        for dataset in ("cifar10_lt", "cifar100_lt")
        for factor in (50, 100, 200)
        for share in SHARES
    ],
    _share, _over_shares,
)  # fmt: skip
DEPTHS = {
    "no augmentation": technique(num_augmented=0),
    "third last block": behind(2),
    "second last block": behind(1),
    "last block": None,
}


def _over_depths(lines, load):
    names = list(dict.fromkeys(line["label"] for line in lines))
    found = []
    for network, own in by_network(lines).items():
        values = {line["label"]: line["numbers"]["top1"] for line in own}
        found.append((network, range(len(names)), [values.get(name) for name in names]))
    return curves([Panel("", "augmented behind", "top-1 accuracy (%)", found, ticks=names)])


figure(
    "fsa", "9", "depth of the augmentation, CIFAR-10-LT and CIFAR-100-LT, ResNet-18",
    [
        Trained(label, f"resnet18/{dataset}/{factor}", "fsa", change=change)
        for dataset in ("cifar10_lt", "cifar100_lt")
        for factor in (50, 100, 200)
        for label, change in DEPTHS.items()
    ],
    measures.accuracy, _over_depths,
)  # fmt: skip
