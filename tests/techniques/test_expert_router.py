"""Training of RIDE's router."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.heads.routed_experts import mean_experts_used
from ltzoo.techniques.expert_router import ExpertRouter
from ltzoo.training import Recipe, Stage
from tests import tiny

HEAD = {"num_experts": 2, "head": {"name": "dense"}}


def recipe():
    shared = {"loss": {"name": "cross_entropy"}, "batch_size": 8}
    stages = (
        Stage(epochs=1, technique={"name": "experts"}, **shared),
        Stage(
            epochs=1,
            head={"name": "routed_experts", "hidden_units": 3, **HEAD},
            trainable="head",
            batch_norm="frozen",
            technique={"name": "expert_router", "positive_weight": 5.0},
            **shared,
        ),
    )
    conversions = ({"name": "experts", "num_experts": 2},)
    return Recipe("test", {"name": "experts", **HEAD}, stages, conversions=conversions)


def value(tensor):
    return ops.convert_to_numpy(tensor)


def test_a_fit_trains_the_experts_apart_and_then_the_router_alone(tmp_path):
    model, data = tiny.model(recipe()), tiny.dataset()
    convolutions = [model.backbone.get_layer(f"expert{i}_block1_conv") for i in (1, 2)]
    starts = [value(layer.kernel) for layer in convolutions]
    assert np.abs(starts[0] - starts[1]).max() > 1e-3
    history = model.fit(data, verbose=0, validate=False)
    assert np.all(np.isfinite(history.history["loss"]))
    for layer, start in zip(convolutions, starts, strict=True):
        assert np.abs(value(layer.kernel) - start).max() > 0
    first, second = model.heads
    for before, after in zip(first.experts, second.experts, strict=True):
        np.testing.assert_array_equal(value(before.kernel), value(after.kernel))
    images = data.test.load(np.arange(6))
    features = model.extract_features_on_batch(images)
    used = value(model.head.experts_used(features))
    np.testing.assert_allclose(mean_experts_used(model.head, features), used.mean(), rtol=1e-6)
    experts = value(model.head.expert_logits(features))
    expected = np.stack([z[:k].mean(0) for z, k in zip(experts, used, strict=True)])
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, atol=1e-4)
    model.save(tmp_path / "router.keras")
    loaded = keras.models.load_model(tmp_path / "router.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_loss_and_what_it_moves():
    model = tiny.model(recipe())
    model.enter_stage(1)
    images = tiny.dataset().train.load(np.arange(20, 40)).astype("float32")
    labels = tiny.dataset().train.labels[20:40]
    technique = model.technique
    logits, kept = technique.training_pass(model, images)
    experts = value(model.head.expert_logits(model.features(images))).astype("float64")
    np.testing.assert_allclose(value(logits), experts.mean(1), atol=1e-5)
    r = value(kept[1])[:, 0].astype("float64")
    wrong = experts[:, 0].argmax(-1) != labels
    t = (wrong & (experts.mean(1).argmax(-1) == labels)).astype(float)
    s = 1 / (1 + np.exp(-r))
    expected = np.mean(-5.0 * t * np.log(s) - (1 - t) * np.log(1 - s))
    loss = technique.loss(model, labels, logits, kept, None)
    np.testing.assert_allclose(value(loss), expected, rtol=1e-4)
    paths = [variable.path for variable in model.trainable_variables]
    assert len(paths) == 4 and all("hidden" in path or "decision" in path for path in paths)


def test_errors_say_what_is_missing():
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, technique={"name": "expert_router"})
    with pytest.raises(ValueError, match="must be 'routed_experts'.*Received: head=Dense"):
        tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    with pytest.raises(ValueError, match="`positive_weight` must be above 0. Received: positive_weight=0"):
        ExpertRouter(0)
