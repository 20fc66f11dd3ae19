"""`ala_*`: the loss of the recipe, which has the loss's defaults."""

from ltzoo import losses, recipes
from ltzoo.losses.adaptive_logit_adjustment import quantity_factor
from tests.reference_checks.check import Check, loss_and_gradient


def compute(case, dtype):
    stage = recipes.get("ala").stages[0]
    assert stage.loss == {"name": "adaptive_logit_adjustment"}
    loss = losses.get({**stage.loss, "dtype": dtype}, class_counts=case["counts"])
    computed = loss_and_gradient(lambda x: loss(case["targets"], x), case["cosine"], dtype)
    return {**computed, "scale": stage.scale, "quantity_factor": quantity_factor(case["counts"])}


CHECKS = [Check("ala_*", compute, ("loss", "scale", "quantity_factor"), ("grad",))]
