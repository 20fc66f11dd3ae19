"""`bbn_*`: the schedule of alpha, the mixture of two branches in the technique, and the recipe's training."""

import types

import keras
import numpy as np
from keras import ops

from ltzoo import recipes, techniques
from ltzoo.techniques.two_branch import branch_weight
from ltzoo.training import learning_rates
from tests.reference_checks.check import Check, loss_and_gradient

INPUTS = ("conventional", "rebalancing", "kernel")
GRADIENTS = tuple(f"grad_{key}" for key in INPUTS)


def schedules(case, dtype):
    longest = {200: 200, 180: 200, 90: 100}
    return {
        f"alpha_{epochs}": np.array([branch_weight(epoch, max_epochs) for epoch in range(epochs)])
        for epochs, max_epochs in longest.items()
    }


def mixture(case, dtype):
    """`training_pass` on "images" that are the maps of the branches, with a linear head."""
    technique = techniques.get(recipes.get("bbn").stages[0].technique)
    technique.alpha = technique.add_weight(shape=(), initializer="ones", dtype=dtype, autocast=False)
    technique._branches = [lambda images, training: images] * 2
    technique.on_epoch_begin(int(case["epoch"]) - 1, 200)
    labels = np.stack([case["targets"], case["reversed_targets"]], axis=1).reshape(-1)
    bias = ops.convert_to_tensor(case["bias"], dtype=dtype)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype)

    def logits_of(tensors):
        conventional, rebalancing, kernel = tensors
        pairs = ops.reshape(ops.stack([conventional, rebalancing], axis=1), (8, 1, 1, 3))

        def head(features, training):
            return ops.matmul(features, kernel) + bias

        classifier = types.SimpleNamespace(head=head, normalize_images=lambda images, training: images)
        return technique.training_pass(classifier, pairs)[0]

    def total(tensors):
        return technique.loss(None, labels, logits_of(tensors), None, cross_entropy)

    inputs = [case[key] for key in INPUTS]
    logits = logits_of([ops.convert_to_tensor(value, dtype=dtype) for value in inputs])
    return {**loss_and_gradient(total, inputs, dtype, gradient=GRADIENTS), "logits": logits[::2]}


def recipe(case, dtype):
    stage = recipes.get("bbn").stages[0]
    return {
        "rates": learning_rates(stage.schedule, stage.epochs),
        "batch_size": stage.batch_size,
        "weight_decay": stage.optimizer["l2"],
        "nesterov": float(stage.optimizer.get("nesterov", False)),
    }


CHECKS = [
    Check(
        "bbn_*", schedules, ("alpha_200", "alpha_180", "alpha_90"), float64_tolerance=None, name="schedules"
    ),
    Check("bbn_*", mixture, ("loss", "logits"), GRADIENTS, name="mixture"),
    Check(
        "bbn_*",
        recipe,
        ("rates", "batch_size", "weight_decay", "nesterov"),
        float64_tolerance=None,
        name="recipe",
    ),
]
