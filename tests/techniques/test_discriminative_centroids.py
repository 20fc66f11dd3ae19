"""OLTR's loss on features against NumPy, with the gradient of center loss for the centroids."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.discriminative_centroids import discriminative_centroids
from tests import tiny
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(5)
X, M = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(3, 4))
LABELS = np.array([0, 0, 1, 0, 2, 1])


def value(x, m, weight=0.01, margin=10.0, repulsion=0.01):
    distances = ((x[:, None] - m) ** 2).sum(-1)
    own = np.eye(3)[LABELS]
    repel = max(0, margin - (distances * (1 - own)).sum() / (len(x) * 3))
    return weight * ((distances * own).sum() / (2 * len(x)) + repulsion * repel)


def numeric(function, at):
    gradient = np.empty_like(at)
    for place in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        gradient[place] = (function(at + step) - function(at - step)) / 2e-6
    return gradient


@pytest.mark.parametrize(
    "arguments", [{}, {"weight": 0.5, "margin": 4.0, "repulsion": 2.0}, {"weight": 0.5, "margin": 0.0}]
)
def test_value_and_gradients(arguments):
    found, (by_x, by_m) = value_and_gradient(
        lambda values: discriminative_centroids(LABELS, *values, **arguments), [X, M]
    )
    np.testing.assert_allclose(float(found), value(X, M, **arguments), rtol=1e-5)
    np.testing.assert_allclose(by_x, numeric(lambda x: value(x, M, **arguments), X), rtol=1e-4, atol=1e-6)
    own = np.eye(3)[LABELS]
    pull = (own.sum(0)[:, None] * M - own.T @ X) / (1 + own.sum(0))[:, None] / len(X)
    settings = {"weight": 0.01, "repulsion": 0.01, **arguments}
    far = {"weight": 1.0, "repulsion": 1.0, "margin": settings.get("margin", 10.0)}

    def repel(m):
        attraction = ((X - m[LABELS]) ** 2).sum() / (2 * len(X))
        return settings["weight"] * settings["repulsion"] * (value(X, m, **far) - attraction)

    np.testing.assert_allclose(by_m, pull + numeric(repel, M), rtol=1e-4, atol=1e-6)


def test_the_technique_adds_it_to_the_loss_of_the_stage():
    model = tiny.model("oltr", seed=2)
    model.set_stage(1, 4)
    model.head.memory.assign(M)
    images = tiny.dataset().train.load(np.arange(6)).astype("float32")
    features = ops.convert_to_numpy(model.head.embed(model.feature_map(images, training=True)))
    logits = np.array(ops.convert_to_numpy(model.head.classify(features)), "float64")
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    found = model.compute_loss(images, ops.convert_to_tensor(LABELS), model(images, training=True))
    expected = -log_p[np.arange(6), LABELS].mean() + value(features, M)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


def test_a_fit_moves_the_memory(tmp_path):
    data, model = tiny.dataset(), tiny.model("oltr", epochs=(1, 2))
    model.fit(data, verbose=0)
    memory = ops.convert_to_numpy(model.heads[1].memory)
    features = ops.convert_to_numpy(model.features(data.train.load(np.arange(40))))
    means = np.array([features[data.train.labels == label].mean(0) for label in range(3)])
    assert 0 < np.abs(memory - means).max() < 5
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = data.test.load(np.arange(4))
    np.testing.assert_allclose(
        ops.convert_to_numpy(loaded(images)), ops.convert_to_numpy(model(images)), rtol=1e-5, atol=1e-5
    )


def test_config_and_wrong_uses():
    given = {"name": "discriminative_centroids", "weight": 0.2, "margin": 3.0, "repulsion": 0.0}
    part = tiny.model("oltr", stage2={"technique": given}).techniques[1]
    assert part.get_config().items() >= {key: given[key] for key in given if key != "name"}.items()
    assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="`head` of 'discriminative_centroids' must be 'meta_embedding'"):
        tiny.model("cross_entropy", technique={"name": "discriminative_centroids"})
    with pytest.raises(ValueError, match="`mixup_alpha` must be 0"):
        tiny.model("oltr", stage2={"mixup_alpha": 0.5})
