"""Every recipe trains two steps in each of its stages."""

import dataclasses

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.training import Recipe
from tests import tiny

BATCH = 8
TINY = {"resnet32": "tiny_cnn", "fastnet": {"name": "fastnet", "widths": (4,)}}


def short(recipe, dataset, steps=2):
    """A recipe with crops that fit the data and one epoch of `steps` small batches in each stage that trains."""
    recipe = recipes.for_dataset(recipe, dataset)
    stages = [
        dataclasses.replace(
            stage,
            epochs=min(stage.epochs, 1),
            batch_size=BATCH,
            sampler={**stage.sampler, "epoch_length": steps * BATCH},
            schedule={"name": "constant", "learning_rate": 0.01},
            technique=_short(stage.technique, steps),
        )
        for stage in recipe.stages
    ]
    return dataclasses.replace(recipe, stages=tuple(stages))


def _short(technique, steps):
    if technique is None or "steps_per_epoch" not in technique:
        return technique
    return {**technique, "steps_per_epoch": steps}


class Seen(keras.callbacks.Callback):
    """Losses of all steps and, for each stage, whether the trained weights moved."""

    def __init__(self):
        super().__init__()
        self.losses, self.moved = [], []

    def on_train_begin(self, logs=None):
        self.before = self._values()

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))

    def on_train_end(self, logs=None):
        after = self._values()
        self.moved.append(any((a != b).any() for a, b in zip(self.before, after, strict=True)))

    def _values(self):
        variables = self.model.trainable_variables
        return [keras.ops.convert_to_numpy(variable.value).copy() for variable in variables]


def train(recipe, dataset, backbone="tiny_cnn"):
    """Trains and checks what holds for any recipe; returns the classifier."""
    assert Recipe.from_json(recipe.to_json()).to_dict() == recipe.to_dict()
    model, seen = ltzoo.models.build(backbone, recipe, dataset), Seen()
    model.fit(dataset, verbose=0, callbacks=[seen], validate=False)
    assert len(seen.losses) >= 2 * len(seen.moved)
    assert np.isfinite(seen.losses).all()
    assert seen.moved == [True] * sum(stage.epochs > 0 for stage in recipe.stages)
    # Not `predict`, which would compile the network once more for every recipe.
    logits = keras.ops.convert_to_numpy(model(dataset.test.load(np.arange(BATCH)), training=False))
    assert logits.shape == (BATCH, dataset.num_classes)
    assert np.isfinite(logits).all()
    return model


@pytest.mark.parametrize("name", recipes.names())
def test_two_steps_in_each_stage(name):
    dataset = tiny.dataset()
    recipe = recipes.get(name)
    assert recipe.name == name
    assert recipe.description and recipe.citation
    train(short(recipe, dataset), dataset, TINY[recipes.default_backbone(name)])
