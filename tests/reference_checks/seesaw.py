"""`seesaw_*`: the loss of the recipe, which has the bound of the released code."""

from ltzoo import losses, recipes
from tests.reference_checks.check import Check, loss_and_gradient


def compute(case, dtype):
    config = recipes.get("seesaw").stages[0].loss
    loss = losses.get({**config, "dtype": dtype}, class_counts=case["counts"])
    computed = loss_and_gradient(lambda z: loss(case["targets"], z), case["logits"], dtype)
    return {**computed, "p": loss.p, "q": loss.q, "epsilon": loss.epsilon}


def defaults(case, dtype):
    loss = losses.Seesaw(case["counts"])
    return {"p": loss.p, "q": loss.q}


CHECKS = [
    Check("seesaw_*", compute, ("loss", "p", "q", "epsilon"), ("grad",)),
    Check("seesaw_*", defaults, ("p", "q"), name="defaults"),
]
