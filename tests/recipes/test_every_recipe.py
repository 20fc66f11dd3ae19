"""Every recipe trains two steps in each of its stages."""

import dataclasses

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.training import Recipe
from tests import tiny

pytestmark = pytest.mark.rotating(3)

BATCH = 8
TINY = {
    "resnet32": "tiny_cnn",
    "efficientnet_lite0": "tiny_cnn",
    "fastnet": {"name": "fastnet", "widths": (4,)},
}


def short(recipe, dataset, steps=2, teacher=None):
    """Return a recipe with fitting crops, one epoch of `steps` small batches per stage, and a teacher that exists."""
    recipe = recipes.for_dataset(recipe, dataset)
    stages = [
        dataclasses.replace(
            stage,
            epochs=min(stage.epochs, 1),
            batch_size=BATCH,
            sampler={**stage.sampler, "epoch_length": steps * BATCH},
            schedule={"name": "constant", "learning_rate": 0.01},
            technique=_short(stage.technique, steps, teacher),
        )
        for stage in recipe.stages
    ]
    return dataclasses.replace(recipe, stages=tuple(stages))


def _short(technique, steps, teacher):
    changes = {"steps_per_epoch": steps, "teachers": [str(teacher)]}
    return technique and {**technique, **{key: changes[key] for key in changes if key in technique}}


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


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A saved classifier, for recipes that learn from others."""
    path = tmp_path_factory.mktemp("teacher") / "model.keras"
    tiny.model("cross_entropy").save(path)
    return path


@pytest.mark.parametrize("name", recipes.names())
def test_two_steps_in_each_stage(name, teacher):
    dataset = tiny.dataset()
    recipe = recipes.get(name)
    assert recipe.name == name
    assert recipe.description and recipe.citation
    train(short(recipe, dataset, teacher=teacher), dataset, TINY[recipes.default_backbone(name)])
