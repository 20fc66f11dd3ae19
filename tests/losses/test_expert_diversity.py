"""The divergence of the experts of RIDE, against NumPy in float64."""

import numpy as np
import pytest
from keras import ops

from ltzoo.losses.expert_diversity import diversity_temperatures, expert_diversity
from tests.gradients import value_and_gradient

COUNTS = (500, 60, 20, 5)


def logits(scale=2.0, shape=(3, 4, 4)):
    return np.random.default_rng(0).normal(size=shape) * scale


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def kl(p, q):
    return (p * np.log(p / q)).sum(axis=-1)


def reference(z, temperatures, form):
    """The sums written out, sample by sample and pair by pair."""
    num_experts = z.shape[1]
    p = [softmax(z[:, i] / temperatures) for i in range(num_experts)]
    if form == "published":
        q = softmax(z.mean(axis=1) / temperatures)
        return sum(np.mean(temperatures) ** 2 * kl(q, p[i]) for i in range(num_experts))
    pairs = [(i, j) for i in range(num_experts) for j in range(num_experts) if i != j]
    return sum(kl(p[i], p[j]) for i, j in pairs) / (num_experts - 1)


def test_temperatures():
    psi = 0.05 * np.array(COUNTS) / np.mean(COUNTS) + 0.95
    np.testing.assert_allclose(diversity_temperatures(COUNTS, 2.0), 2.0 * psi / psi.max())
    np.testing.assert_allclose(diversity_temperatures(COUNTS, 2.0, form="paper"), 2.0 * (psi + 1 - psi.max()))
    for form in ("published", "paper"):
        np.testing.assert_allclose(diversity_temperatures([7, 7, 7], 1.5, 0.3, form), 1.5)
        np.testing.assert_allclose(diversity_temperatures(COUNTS, 1.5, 0.0, form), 1.5)
        assert np.all(np.diff(diversity_temperatures(COUNTS, form=form)) < 0)
    with pytest.raises(ValueError, match="reweight_factor"):
        diversity_temperatures(COUNTS, reweight_factor=0.9, form="paper")
    with pytest.raises(
        ValueError, match="`form` must be one of 'published', 'paper'. Received: form='other'"
    ):
        diversity_temperatures(COUNTS, form="other")


@pytest.mark.parametrize("form", ["published", "paper"])
def test_value(form):
    for temperatures in (np.ones(4), diversity_temperatures(COUNTS, 1.3, 0.2, form)):
        value = expert_diversity(ops.convert_to_tensor(logits().astype("float32")), temperatures, form)
        np.testing.assert_allclose(
            ops.convert_to_numpy(value), reference(logits(), temperatures, form), rtol=1e-5
        )


@pytest.mark.parametrize("form", ["published", "paper"])
def test_gradient(form):
    """Central differences of the NumPy form, with the mean prediction held where it is constant."""
    temperatures = diversity_temperatures(COUNTS, 1.3, 0.2, form)
    z = logits()
    q = softmax(z.mean(axis=1) / temperatures)

    def held(z):
        if form == "paper":
            return reference(z, temperatures, form).sum()
        p = softmax(z / temperatures)
        return temperatures.mean() ** 2 * kl(q[:, None], p).sum()

    expected = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[index] = 1e-5
        expected[index] = (held(z + step) - held(z - step)) / 2e-5
    _, gradient = value_and_gradient(lambda x: ops.sum(expert_diversity(x, temperatures, form)), z)
    np.testing.assert_allclose(gradient, expected, atol=2e-5)


@pytest.mark.parametrize("form", ["published", "paper"])
def test_limits(form):
    same = np.repeat(logits(shape=(2, 1, 4)), 3, axis=1)
    value, gradient = value_and_gradient(lambda x: ops.sum(expert_diversity(x, form=form)), same)
    np.testing.assert_allclose(value, 0.0, atol=1e-6)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-6)
    huge = np.array([[[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]])
    value, gradient = value_and_gradient(lambda x: ops.sum(expert_diversity(x, form=form)), huge)
    assert np.isfinite(value) and np.all(np.isfinite(gradient)) and value > 0
    one = expert_diversity(ops.convert_to_tensor(logits(shape=(2, 1, 4)).astype("float32")), form=form)
    np.testing.assert_allclose(ops.convert_to_numpy(one), 0.0, atol=1e-6)
    half = expert_diversity(ops.cast(logits(), "float16"), form=form)
    assert "float32" in str(half.dtype)
    np.testing.assert_allclose(ops.convert_to_numpy(half), reference(logits(), np.ones(4), form), rtol=1e-2)
