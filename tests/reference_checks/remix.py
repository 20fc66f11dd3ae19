"""`remix_*`: the share of the label for all pairs of classes, mixed images, and the loss of mixed labels."""

import numpy as np

from ltzoo import losses, recipes
from ltzoo.data.augmentation.mixup import mix, soft_labels
from ltzoo.data.augmentation.remix import Remix
from tests.reference_checks.check import Check, loss_and_gradient


def step_of(case, **arguments):
    return Remix(case["counts"], **arguments)


def shares(arguments):
    def compute(case, dtype):
        step = step_of(case, **arguments())
        found = [step.label_lam(lam, case["targets"], case["other_targets"]) for lam in case["shares"]]
        return {
            "label_shares": np.stack(found),
            "kappa": step.kappa,
            "tau": step.tau,
            "alpha": step.alpha,
        }

    return compute


def recipe_arguments():
    step = recipes.get("remix").stages[0].augmentation[-1]
    return {key: value for key, value in step.items() if key != "name"}


class Draws:
    """A generator that draws what the case says."""

    def __init__(self, case):
        self.case = case

    def beta(self, a, b, size):
        return np.full(size, 0.3)

    def permutation(self, count):
        return self.case["order"]


def mixed(case, dtype):
    images, labels = step_of(case)(case["images"], case["targets"], Draws(case))
    loss = losses.get({"name": "cross_entropy", "dtype": dtype})
    return {
        **loss_and_gradient(lambda z: loss(labels, z), case["logits"], dtype),
        "mixed_images": images,
    }


def exact(case, dtype):
    """The loss in float64, without the float32 of soft labels."""
    share = step_of(case).label_lam(0.3, case["targets"], case["targets"][case["order"]])[:, None]
    own = np.eye(len(case["counts"]))[case["targets"]]
    labels = share * own + (1.0 - share) * own[case["order"]]
    assert np.allclose(labels, mix(soft_labels(case["targets"], len(case["counts"])), share, case["order"]))
    loss = losses.get({"name": "cross_entropy", "dtype": dtype})
    return loss_and_gradient(lambda z: loss(labels, z), case["logits"], dtype)


KEYS = ("label_shares", "kappa", "tau", "alpha")
CHECKS = [
    Check("remix_*", shares(dict), KEYS, float64_tolerance=None, name="default_shares"),
    Check("remix_*", shares(recipe_arguments), KEYS, float64_tolerance=None, name="recipe_shares"),
    Check("remix_*", mixed, ("loss", "mixed_images"), ("grad",), float64_tolerance=None, name="mixed"),
    Check("remix_*", exact, ("loss",), ("grad",), name="exact"),
]
