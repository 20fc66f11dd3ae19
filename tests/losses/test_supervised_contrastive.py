"""Supervised contrast and contrast with prototypes against NumPy."""

import numpy as np
import pytest
from keras import ops

from ltzoo.losses.supervised_contrastive import prototypical_contrastive, supervised_contrastive
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(6)
LABELS = np.array([0, 0, 1, 0, 2, 1])  # The fifth embedding is alone in its class.


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


Z, P = unit(RANDOM.normal(size=(6, 4))), unit(RANDOM.normal(size=(3, 4)))


def supervised(z, temperature):
    losses = np.zeros(len(z))
    for i in range(len(z)):
        others = [k for k in range(len(z)) if k != i]
        total = sum(np.exp(z[i] @ z[k] / temperature) for k in others)
        positives = [k for k in others if LABELS[k] == LABELS[i]]
        logs = [np.log(np.exp(z[i] @ z[k] / temperature) / total) for k in positives]
        losses[i] = -np.mean(logs) if logs else 0.0
    return losses


def prototypical(z, p, temperature):
    shares = np.exp(z @ p.T / temperature)
    own = shares[np.arange(len(z)), LABELS]
    return -np.log(own / (shares.sum(1) - own))


def numeric(function, at):
    gradient = np.empty_like(at)
    for place in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        gradient[place] = (function(at + step).sum() - function(at - step).sum()) / 2e-6
    return gradient


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_supervised_contrast(temperature):
    def found(z):
        return ops.sum(supervised_contrastive(ops.convert_to_tensor(LABELS), z, temperature))

    value, gradient = value_and_gradient(found, Z)
    np.testing.assert_allclose(value, supervised(Z, temperature).sum(), rtol=1e-5)
    expected = numeric(lambda z: supervised(z, temperature), Z)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_contrast_with_prototypes(temperature):
    def found(tensors):
        return ops.sum(prototypical_contrastive(ops.convert_to_tensor(LABELS), *tensors, temperature))

    value, (by_z, by_p) = value_and_gradient(found, [Z, P])
    np.testing.assert_allclose(value, prototypical(Z, P, temperature).sum(), rtol=1e-4)
    np.testing.assert_allclose(
        by_z, numeric(lambda z: prototypical(z, P, temperature), Z), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(
        by_p, numeric(lambda p: prototypical(Z, p, temperature), P), rtol=1e-3, atol=1e-3
    )


def test_one_embedding_has_no_contrast():
    value, gradient = value_and_gradient(
        lambda z: ops.sum(supervised_contrastive(ops.convert_to_tensor([0]), z)), Z[:1]
    )
    assert value == 0 and (gradient == 0).all()
