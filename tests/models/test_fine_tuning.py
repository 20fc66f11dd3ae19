"""A trained backbone for other classes: new heads, frozen layers, `fit(x, y)` and `fit(dataset)`."""

import keras
import numpy as np
import pytest

from ltzoo import metrics, models, recipes, shipped
from tests import tiny


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    """A folder of weights with one small untrained entry."""
    folder = tmp_path_factory.mktemp("weights")
    model = tiny.model(seed=5)
    models.publish(
        model, "gcl_tiny_stripes", folder, backbone={"name": "tiny_cnn"}, dataset={"name": "stripes"}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "folder", lambda: folder)
        yield model


def _changed(model, before):
    return {
        weight.path
        for weight, old in zip(model.weights, before, strict=True)
        if not np.array_equal(keras.ops.convert_to_numpy(weight.value), old)
    }


def test_another_number_of_classes_keeps_the_backbone(entry):
    model = models.load("gcl_tiny_stripes", num_classes=5)
    assert model.num_classes == 5 and model.class_names == ("0", "1", "2", "3", "4")
    images = tiny.dataset().test.load(np.arange(4))
    assert model.predict_on_batch(images).shape == (4, 5)
    np.testing.assert_allclose(
        model.extract_features_on_batch(images), entry.extract_features_on_batch(images), rtol=1e-6
    )


def test_new_counts_rebuild_losses_clouds_and_groups(entry):
    dataset = tiny.dataset((60, 24, 10, 4))
    model = models.load("gcl_tiny_stripes", class_counts=dataset, recipe=tiny.recipe("gcl", epochs=(1, 1)))
    assert tuple(model.class_counts) == (60, 24, 10, 4) and model.class_names == dataset.class_names
    assert model.clouds[0].class_counts.tolist() == [60, 24, 10, 4]
    result = metrics.evaluate(model, dataset.test)
    margins = models.with_new_classes(model, (60, 4), recipe=tiny.recipe("ldam"))
    assert list(margins.stage_compile_arguments(0, 1)["loss"].class_counts) == [60, 4]
    assert len(result.per_class) == 4 and np.isfinite(result.medium) and np.isfinite(result.few)


def test_only_what_is_not_frozen_changes_in_fit_of_arrays(entry):
    split = tiny.dataset().train
    images, labels = split.load(np.arange(16)), split.labels[:16]
    model = models.load("gcl_tiny_stripes", num_classes=3, trainable=["block1_*"])
    before = tiny.weights(model)
    model.fit(images, labels, verbose=0)
    changed = _changed(model, before)
    assert changed and not any("block0" in path for path in changed)
    assert any("block1_conv" in path for path in changed) and any("head" in path for path in changed)
    # Again, with other layers and the same compilation.
    model.set_trainable("head")
    before = tiny.weights(model)
    model.fit(images, labels, verbose=0)
    assert {path.split("/")[-2] for path in _changed(model, before)} == {"head"}
    model.set_trainable("all")
    before = tiny.weights(model)
    model.fit(images, labels, verbose=0)
    assert any("block0_conv" in path for path in _changed(model, before))


@pytest.mark.rotating(3)
def test_what_is_frozen_stays_so_in_every_stage_and_in_a_file(entry, tmp_path):
    dataset = tiny.dataset()
    recipe = tiny.recipe("gcl", epochs=(1, 1))
    model = models.load("gcl_tiny_stripes", class_counts=dataset, recipe=recipe, trainable=["block1_*"])
    before = tiny.weights(model)
    model.fit(dataset, verbose=0)
    changed = _changed(model, before)
    assert any("block1_conv" in path for path in changed) and not any("block0" in path for path in changed)
    model.save(tmp_path / "model.keras")
    loaded = models.load(tmp_path / "model.keras")
    assert loaded.trains == ("block1_*",)
    paths = {weight.path for weight in loaded.backbone.trainable_weights}
    assert paths and not any("block0" in path for path in paths)


def test_a_saved_model_gets_a_new_head_too(entry, tmp_path):
    entry.save(tmp_path / "model.keras")
    model = models.load(tmp_path / "model.keras", num_classes=2, class_names=["no", "yes"])
    assert model.class_names == ("no", "yes")
    images = tiny.dataset().test.load(np.arange(4))
    np.testing.assert_allclose(
        model.extract_features_on_batch(images), entry.extract_features_on_batch(images), rtol=1e-6
    )


def test_another_recipe_changes_the_backbone_only_where_it_may(entry):
    model = models.load("gcl_tiny_stripes", recipe="cross_entropy")
    assert model.recipe.name == "cross_entropy" and model.class_names == entry.class_names
    nbn = recipes.get("nbn", conversions=[{"name": "nbn", "placement": "C"}])
    images = tiny.dataset().test.load(np.arange(4))
    model.backbone.get_layer("block1_norm").gamma.assign([1.5, 0.5, 2.0, 1.0])  # as after training
    features = model.extract_features_on_batch(images)
    converted = models.with_new_classes(model, recipe=nbn)
    np.testing.assert_allclose(converted.extract_features_on_batch(images), features, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="`recipe` must keep"):
        models.with_new_classes(converted, recipe="gcl")


def test_images_of_another_size(entry):
    model = models.load("gcl_tiny_stripes", num_classes=2, input_shape=(16, 12, 1))
    assert model.predict_on_batch(np.zeros((1, 16, 12, 1), "uint8")).shape == (1, 2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_classes": 3, "class_counts": (5, 5)}, "num_classes=3"),
        ({"num_classes": 0}, "num_classes=0"),
        ({"num_classes": 2, "class_names": ["a", "a"]}, "class_names"),
        ({"num_classes": 2, "trainable": ["stage9_*"]}, "stage9"),
        ({"num_classes": 2, "trainable": "none"}, "trainable='none'"),
    ],
)
def test_mistakes_are_named(entry, arguments, message):
    with pytest.raises(ValueError, match=message):
        models.load("gcl_tiny_stripes", **arguments)


def test_a_loss_that_cannot_be_saved_asks_for_compile(entry):
    model = models.load("gcl_tiny_stripes")
    model.compile("sgd", loss=lambda labels, logits: keras.ops.mean(logits))
    model.set_trainable("head")
    split = tiny.dataset().train
    with pytest.raises(ValueError, match="compile"):
        model.fit(split.load(np.arange(8)), split.labels[:8], verbose=0)
