"""Joint training of RIDE's experts."""

import numpy as np
import pytest
from keras import ops

from ltzoo.losses.expert_diversity import diversity_temperatures, expert_diversity
from ltzoo.techniques.experts import Experts
from ltzoo.training import Recipe, Stage
from tests import tiny

LABELS = np.array([0, 1, 2, 0])


def recipe(**technique):
    stage = Stage(
        epochs=2,
        loss={"name": "cross_entropy"},
        batch_size=8,
        scale=10.0,
        technique={"name": "experts", **technique},
    )
    head = {"name": "experts", "num_experts": 2}
    return Recipe("test", head, (stage,), conversions=({"name": "experts", "num_experts": 2},))


def cross_entropy(labels, logits):
    return ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def value(tensor):
    return ops.convert_to_numpy(tensor)


def test_loss_is_the_experts_losses_and_the_diversity():
    model = tiny.model(recipe(form="paper", temperature=1.5, diversity_factor=-0.45, reweight_factor=0.1))
    model.enter_stage(0)
    images = tiny.dataset().train.load(np.array([0, 25, 37, 1])).astype("float32")
    logits, kept = model.technique.training_pass(model, images)
    experts = value(kept).astype("float64")
    np.testing.assert_allclose(value(logits), experts.mean(axis=1), atol=1e-5)
    loss = value(model.technique.loss(model, LABELS, logits, kept, cross_entropy))
    log_p = experts - np.log(np.exp(experts).sum(-1, keepdims=True))
    expected = sum(-log_p[np.arange(4), i, LABELS].mean() for i in range(2))
    temperatures = diversity_temperatures(tiny.CLASS_COUNTS, 1.5, 0.1, "paper")
    diversity = value(
        expert_diversity(ops.convert_to_tensor(experts.astype("float32")), temperatures, "paper")
    ).mean()
    assert diversity > 1e-4
    np.testing.assert_allclose(loss, expected - 0.45 * diversity, rtol=1e-4)


def test_without_diversity_the_mean_may_be_classified_instead():
    technique = Experts(tiny.CLASS_COUNTS, diversity_factor=0.0, classify="mean")
    experts = np.random.default_rng(0).normal(size=(4, 3, 3)).astype("float32")
    mean = experts.mean(axis=1)
    loss = technique.loss(None, LABELS, *map(ops.convert_to_tensor, (mean, experts)), cross_entropy)
    log_p = mean - np.log(np.exp(mean).sum(-1, keepdims=True))
    np.testing.assert_allclose(value(loss), -3 * log_p[np.arange(4), LABELS].mean(), rtol=1e-5)


def test_errors_say_what_is_missing():
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, technique={"name": "experts"})
    with pytest.raises(ValueError, match="must be 'experts'.*Received: head=Dense"):
        tiny.model(Recipe("test", {"name": "dense"}, (stage,)))
    with pytest.raises(
        ValueError, match="`classify` must be one of 'experts', 'mean'. Received: classify='all'"
    ):
        Experts(classify="all")
    assert Experts.from_config(Experts([3, 2], -0.3).get_config()).diversity_factor == -0.3
