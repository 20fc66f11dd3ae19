"""Heads by name, a head a stage, and stages that train nothing."""

import keras
import numpy as np
import pytest

from ltzoo import heads
from ltzoo.heads.registry import _HEADS
from ltzoo.training import Recipe, Stage
from tests import tiny

LOSS = {"name": "cross_entropy"}


@keras.saving.register_keras_serializable(package="ltzoo_tests")
class MapMean(keras.layers.Layer):
    """Class means of the feature maps: a closed-form head on maps."""

    takes_feature_map = True

    def __init__(self, num_classes, scale=None, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.num_classes), initializer="zeros", name="kernel"
        )

    def begin(self, previous, context):
        """Means of the maps of each class."""
        maps = context.feature_maps(np.arange(len(context.dataset.train.labels)))
        features, labels = context.features()
        np.testing.assert_allclose(maps.mean((1, 2)), features, atol=1e-5)
        assert context.logits().shape == (len(labels), context.num_classes)
        assert context.val_features()[0].shape[1] == features.shape[1]
        self.kernel.assign(np.stack([features[labels == c].mean(0) for c in range(context.num_classes)], 1))

    def call(self, maps):
        return keras.ops.matmul(keras.ops.mean(maps, axis=(1, 2)), self.kernel)


@pytest.fixture
def map_mean():
    heads.register("map_mean")(MapMean)
    yield
    _HEADS._parts.pop("map_mean")


def _recipe(*stages):
    return Recipe("test", {"name": "dense"}, stages)


def test_a_later_stage_has_its_own_head_that_takes_over_the_weights():
    second = Stage(
        epochs=1, loss=LOSS, batch_size=8, head={"name": "dense"}, trainable="head", batch_norm="frozen",
        schedule={"name": "constant", "learning_rate": 0.0}, optimizer={"name": "sgd"},
    )  # fmt: skip
    model = tiny.model(_recipe(Stage(epochs=1, loss=LOSS, batch_size=8), second))
    first, last = model.heads
    assert model.head is last and model.head_numbers == [0, 1]
    model.fit(tiny.dataset(), verbose=0)
    assert model.head is last
    np.testing.assert_array_equal(last.kernel, first.kernel)
    model.enter_stage(0)
    assert model.head is first
    assert [variable.path for variable in last.trainable_variables] == []


def test_a_closed_form_head_trains_nothing_and_survives_a_file(map_mean, tmp_path):
    recipe = _recipe(
        Stage(epochs=1, loss=LOSS, batch_size=8),
        Stage(epochs=0, loss=LOSS, head={"name": "map_mean"}),
    )
    model, data = tiny.model(recipe), tiny.dataset()
    history = model.fit(data, verbose=0, checkpoint=tmp_path / "run")
    assert history.history["stage"] == [1.0]
    features = model.extract_features_on_batch(data.train.load(np.arange(24)))
    np.testing.assert_allclose(np.asarray(model.head.kernel)[:, 0], features.mean(0), atol=1e-5)
    again = tiny.model(recipe)
    again.fit(data, verbose=0, checkpoint=tmp_path / "run", resume=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = data.test.load(np.arange(6))
    expected = model.predict(images, verbose=0)
    np.testing.assert_array_equal(again.predict(images, verbose=0), expected)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)


def test_unknown_heads_are_named():
    with pytest.raises(ValueError, match="Did you mean 'normalized_dense'"):
        heads.get({"name": "normalised_dense"}, 3)
    with pytest.raises(ValueError, match="scale=3"):
        heads.get({"name": "dense"}, 3, 3.0)
