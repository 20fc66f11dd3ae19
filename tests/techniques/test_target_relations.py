"""DTRG against NumPy, and the means that it keeps."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers.lengths import unit_length
from ltzoo.losses import target_relations as module
from tests import tiny
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(9)
X, M, Y = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=(3, 4)), RANDOM.dirichlet(np.ones(3), 5)


def target_relations(shares, features, means, **arguments):
    means = ops.convert_to_tensor(means, "float32")
    directions = [unit_length(rows, axis=-1) for rows in (features, means)]
    return module.target_relations(shares, features, means, *directions, **arguments)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def softmax(values):
    return np.exp(values) / np.exp(values).sum(-1, keepdims=True)


def value(y, x, center_weight=1e-3, eta=1.0, tau=1.0, form="euclidean"):
    wanted, found = unit(M) @ unit(M).T / tau, unit(x) @ unit(M).T / tau
    total = 0.0
    for i in range(len(x)):
        for c in range(3):
            if form == "euclidean":
                apart = ((np.exp(wanted[c]) - np.exp(found[i])) ** 2).sum()
            else:
                apart = (softmax(wanted[c]) * np.log(softmax(wanted[c]) / softmax(found[i]))).sum()
            total += y[i, c] * (center_weight * ((x[i] - M[c]) ** 2).sum() + eta * apart)
    return total / len(x)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"center_weight": 0.3, "eta": 2.0, "tau": 0.5}, {"eta": 5.0, "tau": 0.1, "form": "divergence"}],
)
def test_agrees_with_the_released_formula(arguments):
    for y in (Y, np.eye(3)[[0, 1, 2, 1, 0]]):
        shares = ops.convert_to_tensor(y, "float32")
        found, gradient = value_and_gradient(lambda x, y=shares: target_relations(y, x, M, **arguments), X)
        np.testing.assert_allclose(found, value(y, X, **arguments), rtol=1e-4)
        numeric = np.empty_like(X)
        for place in np.ndindex(*X.shape):
            step = np.zeros_like(X)
            step[place] = 1e-6
            numeric[place] = (value(y, X + step, **arguments) - value(y, X - step, **arguments)) / 2e-6
        np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-4)


def test_the_means_are_those_of_the_epoch_before():
    model, data = tiny.model("dtrg"), tiny.dataset()
    model.set_stage(0, 4)
    part = model.technique
    images, labels = data.train.load(np.arange(20, 32)).astype("float32"), data.train.labels[20:32]
    features = np.array(ops.convert_to_numpy(model.features(images, training=True)), "float64")
    logits = np.array(ops.convert_to_numpy(model.head(features.astype("float32"))), "float64")
    plain = -np.log(softmax(logits)[np.arange(12), labels]).mean()
    part.on_epoch_begin(0, 4)
    start = ops.convert_to_tensor(labels)
    found = [model.compute_loss(images, start, model(images, training=True)) for _ in range(2)]
    np.testing.assert_allclose(ops.convert_to_numpy(found[1]), plain, rtol=1e-4)
    part.means.assign(M)
    part.on_epoch_end(0, 4)
    means = M.copy()
    for label in set(labels):
        means[label] = features[labels == label].mean(0)
    np.testing.assert_allclose(ops.convert_to_numpy(part.means), means, rtol=1e-4, atol=1e-5)
    assert ops.convert_to_numpy(part.counts).sum() == 0
    part.on_epoch_begin(1, 4)
    found = model.compute_loss(images, start, model(images, training=True))
    added = target_relations(ops.one_hot(start, 3), ops.convert_to_tensor(features, "float32"), part.means)
    np.testing.assert_allclose(ops.convert_to_numpy(found), plain + ops.convert_to_numpy(added), rtol=1e-4)


def test_a_fit_with_mixup_and_a_file(tmp_path):
    data, model = tiny.dataset(), tiny.model("dtrg", mixup_alpha=1.0)
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    assert np.abs(ops.convert_to_numpy(model.techniques[0].means)).sum(1).min() > 0
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_config_and_errors():
    given = {"name": "target_relations", "eta": 5.0, "tau": 0.1, "form": "divergence", "start": 2}
    part = tiny.model("dtrg", technique=given).techniques[0]
    assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="form='cosine'"):
        tiny.model("dtrg", technique={"name": "target_relations", "form": "cosine"})
