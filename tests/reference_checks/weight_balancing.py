"""`weight_balancing_*`: the loss, the projection, and both stages of the recipe."""

import types

import keras
from keras import ops

from ltzoo import losses, recipes, techniques
from tests.reference_checks.check import Check, loss_and_gradient


def loss_of(config):
    def compute(case, dtype):
        loss = losses.get({**config(), "dtype": dtype}, class_counts=case["counts"])
        computed = loss_and_gradient(lambda z: loss(case["targets"], z), case["logits"], dtype)
        return {**computed, "beta": loss.beta}

    return compute


def max_norm(case, dtype):
    """The technique of the recipe on a head alone: radius at the start, projection after an epoch."""
    technique = techniques.get(recipes.get("weight_balancing").stages[1].technique)
    head = keras.layers.Dense(case["kernel"].shape[1])
    head.build((None, len(case["kernel"])))
    head.kernel.assign(case["kernel"])
    classifier = types.SimpleNamespace(heads=[head], head_numbers=[0], techniques=[technique], head=head)
    technique.attach(classifier)
    technique.begin(classifier, None)
    technique.on_epoch_begin(0, 1)
    technique.on_epoch_end(0, 1)
    return {
        "fraction": technique.fraction,
        "radius": ops.convert_to_numpy(technique.present_radius.value),
        "projected": ops.convert_to_numpy(head.kernel.value),
    }


def stages(case, dtype):
    values = {}
    for number, stage in enumerate(recipes.get("weight_balancing").stages, start=1):
        values[f"batch_size{number}"] = stage.batch_size
        values[f"learning_rate{number}"] = stage.schedule["learning_rate"]
        values[f"weight_decay{number}"] = stage.optimizer["l2"]
    # The recipe's first stage is shorter than the released one, as its docstring says.
    return {**values, "epochs2": recipes.get("weight_balancing").stages[1].epochs}


CHECKS = [
    Check(
        "weight_balancing_*",
        loss_of(lambda: {"name": "class_balanced_softmax_bce"}),
        ("loss", "beta"),
        ("grad",),
        name="default_loss",
    ),
    Check(
        "weight_balancing_*",
        loss_of(lambda: recipes.get("weight_balancing").stages[1].loss),
        ("loss", "beta"),
        ("grad",),
        name="recipe_loss",
    ),
    Check(
        "weight_balancing_*",
        max_norm,
        ("fraction", "radius", "projected"),
        float64_tolerance=None,
        name="max_norm",
    ),
    Check(
        "weight_balancing_*",
        stages,
        (
            *(f"{key}{stage}" for key in ("batch_size", "learning_rate", "weight_decay") for stage in (1, 2)),
            "epochs2",
        ),
        float64_tolerance=None,
        name="stages",
    ),
]
