"""The classifier as a Keras model: saving, loading, stages, building from names."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import data, metrics, models
from ltzoo.class_counts import counts as counts_module
from ltzoo.training import Recipe, Stage
from tests import tiny


def _images(count=5):
    return tiny.dataset().test.load(np.arange(count))


def test_keras_file_round_trip_in_and_after_training(tmp_path):
    model = tiny.model()
    model.fit(tiny.dataset(), verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    copy = keras.saving.load_model(path)
    np.testing.assert_array_equal(copy.predict(_images(), verbose=0), model.predict(_images(), verbose=0))
    assert copy.class_names == model.class_names
    assert copy.recipe.to_dict() == model.recipe.to_dict()
    assert copy.stage is None and copy.optimizer is not None
    copy.fit(_images(), np.zeros(5, "int32"), verbose=0)


@pytest.mark.parametrize("batch_norm", ["frozen", "shifted"])
def test_a_stage_survives_the_file(tmp_path, batch_norm):
    model = tiny.model(stage2={"batch_norm": batch_norm})
    model.set_stage(1, steps_per_epoch=3)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.stage == 1
    assert len(copy.trainable_variables) == 1
    assert copy.head.scale == model.head.scale == 30.0
    shifted = [layer.shifted for layer in copy.backbone.layers if hasattr(layer, "shifted")]
    assert set(shifted) == {batch_norm == "shifted"}
    np.testing.assert_array_equal(copy.predict(_images(), verbose=0), model.predict(_images(), verbose=0))


def test_weights_files_fit_in_every_stage(tmp_path):
    model, other = tiny.model(), tiny.model(seed=1)
    model.save_weights(tmp_path / "a.weights.h5")
    other.set_stage(1, steps_per_epoch=3)
    other.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(other.predict(_images(), verbose=0), model.predict(_images(), verbose=0))


def test_pixels_are_normalized_inside_and_integers_equal_floats():
    model = tiny.model()
    images = _images()
    np.testing.assert_array_equal(
        model.predict(images, verbose=0), model.predict(images.astype("float32"), verbose=0)
    )
    features = keras.ops.convert_to_numpy(model.features(images))
    normalized = (images / 255.0 - np.array(model.mean)) / np.array(model.std)
    maps = keras.ops.convert_to_numpy(model.backbone(normalized.astype("float32"), training=False))
    np.testing.assert_allclose(features, maps.mean((1, 2)), rtol=1e-4, atol=1e-5)


def test_evaluation_refuses_data_with_another_class_order():
    model, images = tiny.model(), _images(6)
    labels = tiny.dataset().train.labels
    other = data.from_arrays(
        tiny.dataset().train.load(np.arange(len(labels))),
        labels,
        x_test=images,
        y_test=tiny.dataset().test.labels[:6],
        class_names=["horizontal", "vertical", "diagonal"],
    )
    with pytest.raises(ValueError, match="in the model's order"):
        metrics.evaluate(model, other.test)
    assert metrics.evaluate(model, tiny.dataset().test).top1 >= 0


def test_logits_of_a_cosine_head_are_bounded_by_its_scale():
    model = tiny.model()
    assert np.abs(model.predict(_images(), verbose=0)).max() <= 30.0 + 1e-3


def test_building_is_a_function_of_the_seed_and_leaves_global_randomness_alone():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    first, again, other = tiny.model(seed=1), tiny.model(seed=1), tiny.model(seed=2)
    assert np.random.random() == expected
    same = [np.array_equal(a, b) for a, b in zip(tiny.weights(first), tiny.weights(again), strict=True)]
    assert all(same)
    assert any(
        not np.array_equal(a, b) for a, b in zip(tiny.weights(first), tiny.weights(other), strict=True)
    )


def test_any_keras_model_is_a_backbone_and_keeps_its_weights():
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Conv2D(4, 3, strides=2)(inputs)
    backbone = keras.Model(inputs, outputs)
    before = keras.ops.convert_to_numpy(backbone.weights[0].value).copy()
    model = models.build(backbone, tiny.recipe(), tiny.dataset())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model.backbone.weights[0].value), before)
    assert np.isfinite(model.fit(tiny.dataset(), verbose=0).history["loss"]).all()


def test_shifted_batch_norm_needs_the_layer_of_this_library():
    inputs = keras.Input((8, 8, 1))
    backbone = keras.Model(inputs, keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(inputs)))
    model = models.build(backbone, tiny.recipe(stage2={"batch_norm": "shifted"}), tiny.dataset())
    with pytest.raises(ValueError, match="shifted"):
        model.set_stage(1, steps_per_epoch=3)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("resnet9", "gcl", [5, 2]), "resnet9"),
        (("resnet8", "gcll", [5, 2]), "Did you mean 'gcl'"),
        (("resnet8", "gcl", [5, 0]), "class_counts"),
    ],
)
def test_wrong_names_are_named(arguments, text):
    with pytest.raises(ValueError, match=text):
        models.build(*arguments)


def test_class_names_must_be_different_and_complete():
    with pytest.raises(ValueError, match="class_names"):
        models.build("resnet8", "gcl", [5, 2], class_names=["a", "a"])


def test_class_counts_are_checked_once_and_public_as_an_array(monkeypatch):
    checked, check = [], counts_module._checked
    monkeypatch.setattr(counts_module, "_checked", lambda counts: checked.append(counts) or check(counts))
    model = tiny.model("gcl")
    assert len(checked) == 1
    assert model.class_counts.dtype == np.int64 and model.class_counts.tolist() == [24, 12, 4]
    np.testing.assert_array_equal(model.class_counts / model.class_counts.sum(), [0.6, 0.3, 0.1])
    assert model.get_config()["class_counts"] == [24, 12, 4]


def test_top_level_names():
    assert ltzoo.models is models
    assert {"data", "models", "recipes"} <= set(dir(ltzoo))
    with pytest.raises(AttributeError, match="nothing"):
        _ = ltzoo.nothing


@pytest.mark.parametrize("frozen", [{"batch_norm": "frozen"}, {"trainable": ["block1_*"]}])
def test_what_one_stage_freezes_trains_in_the_next(frozen):
    stages = [Stage(epochs=1, loss={"name": "cross_entropy"}, **settings) for settings in (frozen, {})]
    model = tiny.model(Recipe("test", {"name": "dense"}, stages))
    everything = len(model.trainable_variables)
    model.enter_stage(0)
    assert len(model.trainable_variables) < everything
    for stage in (1, None):
        model.enter_stage(stage)
        assert len(model.trainable_variables) == everything
