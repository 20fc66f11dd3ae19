"""The hooks of a technique in a staged fit."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import techniques
from ltzoo.techniques.registry import _TECHNIQUES
from ltzoo.training import Recipe, Stage
from tests import tiny


@keras.saving.register_keras_serializable(package="ltzoo_tests")
class FirstOfPair(techniques.Technique):
    """Trains on the first image of every pair, adds a learned penalty, counts epochs and draws a number a step."""

    def __init__(self, num_classes, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.seed = num_classes, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def attach(self, classifier):
        self.offset = self.add_weight(name="offset", shape=(self.num_classes,), initializer="zeros")
        self.epoch = self.add_weight(name="epoch", shape=(), initializer="zeros", trainable=False)
        self.drawn = self.add_weight(name="drawn", shape=(), initializer="zeros", trainable=False)
        self.found = self.add_weight(name="found", shape=(), initializer="zeros", trainable=False)

    def begin(self, classifier, context):
        self.found.assign(len(context.features()[1]))

    def on_epoch_begin(self, epoch, epochs):
        self.epoch.assign(10.0 * epochs + epoch)

    def training_pass(self, classifier, images):
        logits = classifier.classify(images[::2], training=True)
        return logits + self.offset, {"offset": self.offset - 1.0, "nothing": None}

    def targets(self, labels):
        return labels[::2]

    def loss(self, classifier, labels, logits, kept, classification_loss):
        self.drawn.assign(self.drawn + keras.random.uniform((), seed=self.seed_generator))
        return classification_loss(labels, logits) + ops.sum(ops.square(kept["offset"])) * 0.1


@pytest.fixture
def first_of_pair():
    techniques.register("first_of_pair")(FirstOfPair)
    yield
    _TECHNIQUES._parts.pop("first_of_pair")


def test_every_hook_acts_in_its_stage_only(first_of_pair, tmp_path):
    shared = {"loss": {"name": "cross_entropy"}, "batch_size": 8}
    recipe = Recipe(
        "test",
        {"name": "dense"},
        (
            Stage(
                epochs=3,
                technique={"name": "first_of_pair"},
                sampler={"companion": {"strategy": "reversed"}},
                **shared,
            ),
            Stage(epochs=1, **shared),
        ),
    )
    data, model = tiny.dataset(), tiny.model(recipe)
    technique = model.techniques[0]
    assert model.technique is None and technique.trainable is False
    history = model.fit(data, verbose=0, checkpoint=tmp_path)
    offset = ops.convert_to_numpy(technique.offset.value)
    assert (offset > 0.2).all()
    assert float(technique.epoch.value) == 32.0
    assert float(technique.found.value) == len(data.train.labels)
    steps = 15
    assert 0.25 * steps < float(technique.drawn.value) < 0.75 * steps
    assert all(0 <= value <= 1 for value in history.history["accuracy"] + history.history["val_accuracy"])
    # A prediction knows nothing of the technique.
    images = data.test.load(np.arange(4))
    expected = model.predict(images, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)
    np.testing.assert_array_equal(ops.convert_to_numpy(loaded.techniques[0].offset.value), offset)
    assert [len(m.trainable_variables) for m in (model, loaded)] == [8, 8]  # without the technique's


def test_patterns_say_which_layers_of_the_backbone_train():
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, batch_size=8, trainable=["block1_*"])
    model = tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    before = [ops.convert_to_numpy(variable.value) for variable in model.backbone.weights]
    model.set_stage(0, 5)
    names = {variable.path.split("/")[-2] for variable in model.trainable_variables}
    assert names == {"block1_conv", "block1_norm", "head"}
    model.fit(tiny.dataset(), verbose=0)
    for variable, value in zip(model.backbone.weights, before, strict=True):
        moved = not np.array_equal(ops.convert_to_numpy(variable.value), value)
        assert moved == ("block1" in variable.path)
    wrong = Stage(epochs=1, loss={"name": "cross_entropy"}, trainable=["stage9_*"])
    with pytest.raises(ValueError, match="stage9"):
        tiny.model(Recipe("test", {"name": "dense"}, (wrong,))).enter_stage(0)


def test_unknown_techniques_are_named():
    with pytest.raises(ValueError, match="name='no_such'"):
        techniques.get({"name": "no_such"})
