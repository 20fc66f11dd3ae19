import keras
import numpy as np
import pytest

from ltzoo import techniques
from ltzoo.layers import BatchNormalization
from ltzoo.training import Recipe, Stage
from tests import tiny


def recipe(**technique):
    stage = Stage(
        epochs=1,
        loss={"name": "cross_entropy"},
        batch_size=8,
        schedule={"learning_rate": 1e-3},
        technique={"name": "variance_regularization", **technique},
    )
    return Recipe("test", {"name": "dense"}, (stage,))


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_penalty_and_loss():
    model = tiny.model(recipe(strength=0.5, placement=["block*_norm"]))
    model.enter_stage(0)
    random, expected = np.random.default_rng(0), 0.0
    for number in range(2):
        layer = model.backbone.get_layer(f"block{number}_norm")
        for variable in (layer.gamma, layer.beta):
            vector = random.normal(size=4)
            variable.assign(vector)
            expected += np.sum((vector - vector.mean()) ** 2) / 3
    np.testing.assert_allclose(value(model.technique.penalty()), expected, rtol=1e-5)
    loss = model.technique.loss(model, None, None, None, lambda labels, logits: keras.ops.ones(()))
    np.testing.assert_allclose(value(loss), 1 + 0.5 * expected, rtol=1e-5)
    assert model.technique.weights == []


def test_a_strong_penalty_evens_the_scales_in_training():
    """The last layer only (the default); l2 pulls no vector together."""
    model = tiny.model(recipe(strength=200.0))
    uneven = [0.2, 0.5, 1.0, 2.0]
    for layer in model.backbone.layers:
        if isinstance(layer, BatchNormalization):
            layer.gamma.assign(uneven)
    model.fit(tiny.dataset(), verbose=0)
    first, last = (value(model.backbone.get_layer(f"block{number}_norm").gamma) for number in range(2))
    assert np.var(last, ddof=1) < 0.5 * np.var(uneven, ddof=1)
    np.testing.assert_allclose(first, uneven, atol=0.1)


def test_configuration_and_errors():
    config = {"name": "variance_regularization", "strength": 1.0, "placement": ["a*"]}
    layer = techniques.get(config)
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(ValueError, match="strength=-1"):
        techniques.get({"name": "variance_regularization", "strength": -1})
    normalized = recipe()
    with pytest.raises(ValueError, match="'block1_norm'"):
        tiny.model(Recipe("test", {"name": "dense"}, normalized.stages, conversions=({"name": "nbn"},)))
