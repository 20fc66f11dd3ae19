"""LIFT on a small random encoder: it learns, and nothing but the additions and the head changes."""

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from tests import tiny, tiny_vit

assert tiny_vit.tiny_vit  # registers the backbone
ENCODER = {"name": "tiny_vit", "blocks": 1}


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def short(epochs, **changes):
    return recipes.for_dataset(recipes.get("lift", epochs=epochs, batch_size=8, **changes), tiny.dataset())


LORA = {"conversions": ({"name": "lora", "rank": 2, "alpha": 1.0},), "trainable": ("lora_*",)}


@pytest.mark.parametrize("changes, epochs", [({}, 8), (LORA, 2)], ids=["adapters", "lora"])
def test_only_additions_and_head_change(changes, epochs, tmp_path):
    data = tiny.dataset(val=False)
    model = ltzoo.models.build(ENCODER, short(epochs, **changes), data)
    tuned = model.backbone
    base = [numpy(variable).copy() for variable in tuned.backbone.variables]
    added = [numpy(variable).copy() for addition in tuned.additions for variable in addition.weights]
    model.enter_stage(0)
    trained = {id(variable) for variable in model.trainable_variables}
    expected = [*model.head.trainable_variables, *(v for part in tuned.additions for v in part.weights)]
    assert trained == {id(variable) for variable in expected}
    history = model.fit(data, verbose=0).history
    if epochs > 2:
        assert np.mean(history["loss"][-3:]) < 0.8 * np.mean(history["loss"][:2])
    for before, variable in zip(base, tuned.backbone.variables, strict=True):
        assert (before == numpy(variable)).all(), variable.path
    after = [numpy(variable) for addition in tuned.additions for variable in addition.weights]
    assert all((a != b).any() for a, b in zip(added, after, strict=True))
    logits = numpy(model(data.test.load(np.arange(6)), training=False))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        numpy(again(data.test.load(np.arange(6)), training=False)), logits, rtol=1e-4, atol=1e-4
    )
    again.enter_stage(0)
    assert len(again.trainable_variables) == len(trained)


def test_the_head_starts_from_the_class_means():
    data = tiny.dataset(val=False)
    model = ltzoo.models.build(ENCODER, short(1), data, compile=False)
    start = numpy(model.head.kernel)
    model.enter_stage(0)
    model.begin_stage(ltzoo.training.context.StageContext(model, data, 0, 0))
    features = numpy(model.features(data.train.load(np.arange(len(data.train.labels)))))
    means = np.stack([features[data.train.labels == label].mean(axis=0) for label in range(3)])
    kernel = numpy(model.head.kernel)
    np.testing.assert_allclose(
        kernel.T, means / np.linalg.norm(means, axis=1, keepdims=True), rtol=1e-4, atol=1e-5
    )
    assert (kernel != start).any()
    logits = numpy(model(data.test.load(np.arange(18)), training=False))
    assert (logits.argmax(axis=1) == data.test.labels).mean() > 0.5


def test_published_settings():
    recipe = recipes.get("lift")
    (stage,) = recipe.stages
    assert (stage.epochs, stage.batch_size, stage.scale) == (10, 128, 25.0)
    assert stage.optimizer == {"name": "sgd", "momentum": 0.9, "l2": 5e-4}
    rates = ltzoo.training.learning_rates(stage.schedule, 10)
    np.testing.assert_allclose(rates, 0.005 * (1 + np.cos(np.pi * np.arange(10) / 10)), rtol=1e-6)
