"""The schedules and the networks of the recipes with experts."""

import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.training import learning_rates
from tests import tiny


def test_the_rate_goes_on_through_the_epoch_of_reweighting():
    """Rises to 0.1 in 5 epochs, x0.01 from epoch 160 and again from 180, as in one run of 200."""
    stages = recipes.get("ride").stages
    rates = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in stages[:2]])
    expected = np.repeat([0.1, 1e-3, 1e-5], [160, 20, 20])
    expected[:5] = 0.02 * np.arange(1, 6)
    np.testing.assert_allclose(rates, expected)
    assert [stage.epochs for stage in recipes.get("ride", epochs=32).stages] == [32, 8, 1]


@pytest.mark.parametrize(
    "recipe, heads",
    [
        ("ride_nbn", ["ExpertsHead"]),
        ("ride_nbn_paper", ["ExpertsHead", "RoutedExpertsHead"]),
    ],
)
def test_every_expert_has_one_magnitude_for_the_norms_of_its_last_stage(recipe, heads):
    model = ltzoo.models.build("tiny_cnn", recipe, tiny.dataset())
    names = [layer.name for layer in model.backbone.layers if "magnitude" in layer.name]
    assert sorted(names) == ["magnitude_expert1", "magnitude_expert2", "magnitude_expert3"]
    norms = [
        layer.name for layer in model.backbone.layers if type(layer).__name__.startswith("NormalizedBatch")
    ]
    assert sorted(norms) == [f"expert{number}_block1_norm" for number in (1, 2, 3)]
    assert [type(head).__name__ for head in model.heads] == heads


@pytest.mark.parametrize("recipe, inner", [("ride_nbn", "rectified"), ("ride_balanced_softmax", "dense")])
def test_nbn_trains_experts_as_its_released_configuration(recipe, inner):
    """Full width, linear classifiers, balanced softmax each, divergence -0.2, batch 256, 0.1, L2 5e-4, no router."""
    made = recipes.get(recipe)
    (stage,) = made.stages
    assert made.head == {"name": "experts", "num_experts": 3, "head": {"name": inner}}
    assert made.conversions[0] == {"name": "experts", "num_experts": 3, "width": 1.0}
    assert stage.loss == {"name": "balanced_softmax"} and stage.scale is None
    assert stage.technique == {"name": "experts", "diversity_factor": -0.2, "reweight_factor": 0.0}
    assert (stage.batch_size, stage.optimizer["l2"], stage.schedule["learning_rate"]) == (256, 5e-4, 0.1)
    assert [step["name"] for step in stage.augmentation] == ["pad_crop_flip", "auto_augment", "cutout"]
    assert len(made.conversions) == (2 if recipe == "ride_nbn" else 1)


def test_nbn_trains_experts_for_90_epochs_on_imagenet_lt():
    (stage,) = recipes.published("ride_nbn", "imagenet_lt").stages
    assert (stage.epochs, stage.batch_size) == (90, 256)
    rates = learning_rates(stage.schedule, 90)
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(90) / 90)))
    (longer,) = recipes.published("ride_nbn", "inaturalist2018").stages
    assert longer.epochs == 200


def test_the_loss_of_nbns_experts_is_that_of_the_released_code():
    """sum_i [CE(z_i + log n, y) - 0.2 KL(softmax(mean z) || softmax(z_i))], means over the batch, in float64."""
    counts = np.array([10.0, 6.0, 4.0])
    draws = np.random.default_rng(3)
    logits, labels = draws.normal(size=(5, 3, 3)), np.array([0, 1, 2, 1, 0])

    def log_softmax(z):
        z = z - z.max(-1, keepdims=True)
        return z - np.log(np.exp(z).sum(-1, keepdims=True))

    log_q = log_softmax(logits.mean(1))
    expected = 0.0
    for expert in range(3):
        own = logits[:, expert]
        expected -= log_softmax(own + np.log(counts))[np.arange(5), labels].mean()
        expected -= 0.2 * (np.exp(log_q) * (log_q - log_softmax(own))).sum(-1).mean()
    model = ltzoo.models.build(
        "tiny_cnn", "ride_balanced_softmax", counts.astype(int), input_shape=(16, 16, 1)
    )
    model.set_stage(0, 1)
    loss = ltzoo.losses.get({"name": "balanced_softmax"}, class_counts=counts.astype(int))
    kept = logits.astype("float32")
    found = model.technique.loss(model, labels, kept.mean(1), kept, loss)
    np.testing.assert_allclose(float(found), expected, rtol=1e-5)
