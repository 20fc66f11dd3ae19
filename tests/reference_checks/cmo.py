"""`cmo_*`: rectangles, mixed images and their loss, the probability of companions, and the epochs that mix."""

import numpy as np

from ltzoo import losses, recipes
from ltzoo.data.augmentation.cmo import CMO
from ltzoo.data.augmentation.cutmix import random_box
from ltzoo.sampling import class_probabilities
from tests.reference_checks.check import Check, loss_and_gradient


class Draws:
    """A generator that draws what the case says."""

    def __init__(self, lam, row, column):
        self.lam, self.places = lam, [row, column]

    def integers(self, _):
        return self.places.pop(0)

    def random(self):
        return 0.0

    def beta(self, a, b):
        return self.lam


def boxes(case, dtype):
    found = [random_box(int(h), int(w), lam, Draws(lam, r, c)) for h, w, lam, r, c in case["draws"]]
    left = [
        1.0 - (box[1] - box[0]) * (box[3] - box[2]) / (draw[0] * draw[1])
        for box, draw in zip(found, case["draws"], strict=True)
    ]
    return {"boxes": np.array(found), "left": np.array(left)}


def mixed(case, dtype):
    step = CMO(len(case["counts"]))
    pairs = np.stack([case["images"], case["pasted"]], axis=1).reshape(-1, *case["images"].shape[1:])
    labels = np.stack([case["targets"], case["other_targets"]], axis=1).reshape(-1)
    images, labels = step(pairs, labels, Draws(*case["draw"][2:]))
    loss = losses.get({"name": "cross_entropy", "dtype": dtype})
    return {
        **loss_and_gradient(lambda z: loss(labels, z), case["logits"], dtype),
        "mixed": images,
        "share": labels[0, case["targets"][0]],
        "probability": step.probability,
        "beta": step.alpha,
    }


def recipe(case, dtype):
    first, second = recipes.get("cmo").stages
    step = next(step for step in first.augmentation if step["name"] == "cmo")
    companion = class_probabilities(case["counts"], **first.sampler["companion"])
    # The recipe mixes in the epochs before the last ones too; that it does in the first four is its deviation.
    return {
        "companion_probability": companion,
        "probability": step["probability"],
        "beta": step["alpha"],
        "epochs": first.epochs + second.epochs,
        "last mixed epoch": (first.epochs - 1, case["mixed_epochs"][-1]),
    }


CHECKS = [
    Check("cmo_*", boxes, ("boxes", "left"), float64_tolerance=None, name="boxes"),
    Check(
        "cmo_*",
        mixed,
        ("loss", "mixed", "share", "probability", "beta"),
        ("grad",),
        float64_tolerance=None,
        name="mixed",
    ),
    Check(
        "cmo_*",
        recipe,
        ("companion_probability", "probability", "beta", "epochs", "last mixed epoch"),
        float64_tolerance=None,
        name="recipe",
    ),
]
