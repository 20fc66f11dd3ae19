"""Range loss and lifted structure against NumPy, with loops over classes and pairs."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.pair_distances import lifted_structure, range_loss
from tests import tiny
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(11)
CLASSES = np.array([0, 0, 1, 0, 2, 1, 0, 3])  # Classes 2 and 3 have one image, class 4 none.
X = RANDOM.normal(size=(8, 4))
OWN = np.eye(5)[CLASSES]


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def range_in_numpy(x, largest=2, margin=1.0, intra_weight=1.0, inter_weight=1.0):
    total = 0.0
    for label in range(5):
        own = np.flatnonzero(label == CLASSES)
        distances = sorted((((x[i] - x[j]) ** 2).sum() for i in own for j in own if i < j), reverse=True)[
            :largest
        ]
        if distances:
            total += len(distances) / sum(1 / distance for distance in distances)
    means = [x[label == CLASSES].mean(0) for label in range(4)]
    nearest = min(((a - b) ** 2).sum() for i, a in enumerate(means) for b in means[:i])
    return intra_weight * total + inter_weight * max(0, margin - nearest)


def lifted_in_numpy(x, margin=1.0):
    distances = np.linalg.norm(x[:, None] - x[None], axis=-1)
    terms = []
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j and CLASSES[i] == CLASSES[j]:
                others = CLASSES[i] != CLASSES
                pushed = (
                    np.exp(margin - distances[i, others]).sum() + np.exp(margin - distances[j, others]).sum()
                )
                terms.append(max(0, np.log(pushed) + distances[i, j]) ** 2)
    return np.mean(terms) / 2


def check(function, expected):
    shares = ops.convert_to_tensor(OWN, "float32")
    value, gradient = value_and_gradient(lambda x: function(shares, x), X)
    np.testing.assert_allclose(value, expected(X), rtol=1e-4)
    numeric = np.empty_like(X)
    for place in np.ndindex(*X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-6
        numeric[place] = (expected(X + step) - expected(X - step)) / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"largest": 1, "margin": 30.0}, {"largest": 9, "intra_weight": 0.3, "inter_weight": 0.2}],
)
def test_range_loss(arguments):
    check(lambda y, x: range_loss(y, x, **arguments), lambda x: range_in_numpy(x, **arguments))


def test_equal_distances_count_one_by_one():
    corners = np.eye(4, dtype="float32")  # Six pairs with the squared distance 2.
    shares = ops.convert_to_tensor(np.eye(2)[[0, 0, 0, 0]], "float32")
    for largest in (1, 2, 6, 9):
        found = range_loss(shares, ops.convert_to_tensor(corners), largest=largest, inter_weight=0.0)
        np.testing.assert_allclose(ops.convert_to_numpy(found), 2.0, rtol=1e-6)
    points = np.array([[0.0], [1.0], [2.0]], "float32")  # Squared distances 4, 1 and 1.
    found = range_loss(shares[:3], ops.convert_to_tensor(points), largest=3, inter_weight=0.0)
    np.testing.assert_allclose(ops.convert_to_numpy(found), 3 / (1 / 4 + 1 + 1), rtol=1e-6)


@pytest.mark.parametrize("margin", [0.2, 1.0, 4.0])
def test_lifted_structure(margin):
    check(lambda y, x: lifted_structure(y, x, margin=margin), lambda x: lifted_in_numpy(x, margin))


@pytest.mark.parametrize("function", [range_loss, lifted_structure])
@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [1, 1, 2]])
def test_equal_features_and_single_classes_are_finite(function, labels):
    shares = ops.convert_to_tensor(np.eye(3)[labels], "float32")
    for x in (np.zeros((3, 4)), np.ones((3, 4)), X[:3]):
        value, gradient = value_and_gradient(lambda x: function(shares, x), x)
        assert np.isfinite(value) and np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["range_loss", "lifted_loss"])
def test_the_loss_of_a_batch_and_a_file(name, tmp_path):
    data, model = tiny.dataset(), tiny.model(name)
    model.set_stage(0, 4)
    images, labels = data.train.load(np.arange(20, 32)).astype("float32"), data.train.labels[20:32]
    features = ops.convert_to_numpy(model.features(images, training=True))
    logits = np.array(ops.convert_to_numpy(model.head(features)), "float64")
    plain = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(12), labels].mean()
    shares, units = np.eye(3, dtype="float32")[labels], unit(features).astype("float32")
    if name == "range_loss":
        added = range_loss(shares, ops.convert_to_tensor(units), intra_weight=0.01, inter_weight=0.1)
    else:
        added = 0.1 * lifted_structure(shares, ops.convert_to_tensor(units))
    found = model.compute_loss(images, ops.convert_to_tensor(labels), model(images, training=True))
    expected = plain + ops.convert_to_numpy(added)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    part = model.techniques[0]
    configs = [{**found.get_config(), "name": ""} for found in (loaded.techniques[0], part)]
    assert configs[0] == configs[1]
    with pytest.raises(ValueError, match="`mixup_alpha` must be 0"):
        tiny.model(name, mixup_alpha=1.0)


def test_lifted_structure_of_features_far_apart():
    x = np.array([[0.0, 0.0], [300.0, 0.0], [0.0, 200.0], [0.0, 500.0]], "float32")
    own = np.eye(2, dtype="float32")[[0, 0, 1, 1]]
    distances = np.linalg.norm(x[:, None].astype("float64") - x[None], axis=-1)
    total = 0.0
    for i, j in ((0, 1), (1, 0), (2, 3), (3, 2)):
        others = [k for k in range(4) if own[k].argmax() != own[i].argmax()]
        pushed = np.logaddexp.reduce([1.0 - distances[a, k] for a in (i, j) for k in others])
        total += max(0.0, pushed + distances[i, j]) ** 2
    found = float(ops.convert_to_numpy(lifted_structure(own, x)))
    assert found > 1000
    np.testing.assert_allclose(found, total / 8, rtol=1e-3)
