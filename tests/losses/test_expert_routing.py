"""Targets and loss of the router of RIDE."""

import numpy as np
from keras import ops

from ltzoo.losses.expert_routing import (
    ensemble_logits,
    more_experts_help,
    positive_weighted_binary_cross_entropy,
)
from tests.gradients import value_and_gradient


def test_ensembles_are_running_means():
    z = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    ensembles = ops.convert_to_numpy(ensemble_logits(ops.convert_to_tensor(z)))
    for k in range(3):
        np.testing.assert_allclose(ensembles[:, k], z[:, : k + 1].mean(axis=1), rtol=1e-5, atol=1e-6)


def test_targets_over_all_patterns_of_right_and_wrong():
    """Three groups of experts, each right or wrong: a larger group helps if the present one fails and it does not."""
    patterns = np.array(list(np.ndindex(2, 2, 2)))
    labels = np.arange(len(patterns)) % 3
    predicted = np.where(patterns == 1, labels[:, None], (labels[:, None] + 1) % 3)
    ensembles = np.eye(3, dtype="float32")[predicted]
    expected = [[not r[0] and (r[1] or r[2]), not r[1] and r[2]] for r in patterns]
    for y in (labels, labels[:, None], np.eye(3)[labels] * 0.7 + 0.1):
        helps = more_experts_help(ops.convert_to_tensor(y), ops.convert_to_tensor(ensembles))
        np.testing.assert_array_equal(ops.convert_to_numpy(helps), expected)


def test_positive_weighted_binary_cross_entropy():
    generator = np.random.default_rng(0)
    x, t = generator.normal(size=(4, 2)) * 3, generator.integers(0, 2, (4, 2)).astype("float32")
    s = 1 / (1 + np.exp(-x))
    expected = -7.0 * t * np.log(s) - (1 - t) * np.log(1 - s)

    def loss(x):
        return ops.sum(positive_weighted_binary_cross_entropy(ops.convert_to_tensor(t), x, 7.0))

    value, gradient = value_and_gradient(loss, x)
    np.testing.assert_allclose(value, expected.sum(), rtol=1e-5)
    np.testing.assert_allclose(gradient, -7.0 * t * (1 - s) + (1 - t) * s, rtol=1e-4, atol=1e-6)
    value, gradient = value_and_gradient(loss, np.full((4, 2), 1e4) * np.sign(x))
    assert np.isfinite(value) and np.all(np.isfinite(gradient))
