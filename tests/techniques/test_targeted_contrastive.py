"""TSC against NumPy: the loss, the targets, their assignment, and what a step keeps."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.targeted_contrastive import targeted_contrastive, uniform_targets
from ltzoo.techniques.assignment import cheapest_assignment
from tests import tiny
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(13)


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


Z, K, Q, T = (unit(RANDOM.normal(size=(size, 4))) for size in (5, 5, 6, 3))
POSITIVES = RANDOM.random((5, 6)) < 0.4
FILLED = np.array([True, True, False, True, True, True])
OWN = np.eye(3)[[0, 1, 2, 1, 0]]


def value(z, temperature, target_weight):
    losses = []
    for i in range(len(z)):
        entries = np.concatenate([K[i : i + 1], Q, T])
        kept = np.concatenate([[True], FILLED, [True] * 3])
        shares = np.exp(entries @ z[i] / temperature)
        log_p = np.log(shares / shares[kept].sum())
        chosen = POSITIVES[i] & FILLED
        found = log_p[0] + log_p[1:7][chosen].sum() + target_weight * log_p[7:][OWN[i] > 0].sum()
        losses.append(-found / (2 + chosen.sum()))
    return np.array(losses)


@pytest.mark.parametrize(("temperature", "target_weight"), [(0.07, 0.2), (0.5, 1.0), (0.5, 0.0)])
def test_agrees_with_the_released_formula(temperature, target_weight):
    tensors = [ops.convert_to_tensor(rows, "float32") for rows in (K, Q, T)]
    booleans = [ops.convert_to_tensor(rows) for rows in (POSITIVES & FILLED, FILLED)]
    own = ops.convert_to_tensor(OWN, "float32")
    settings = {"temperature": temperature, "target_weight": target_weight}

    def loss(z):
        return ops.sum(targeted_contrastive(z, *tensors, *booleans, own, **settings))

    found, gradient = value_and_gradient(loss, Z)
    np.testing.assert_allclose(found, value(Z, **settings).sum(), rtol=1e-4)
    numeric = np.empty_like(Z)
    for place in np.ndindex(*Z.shape):
        step = np.zeros_like(Z)
        step[place] = 1e-6
        numeric[place] = (value(Z + step, **settings).sum() - value(Z - step, **settings).sum()) / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


def uniformity(rows):
    return np.log(np.exp(rows @ rows.T / 0.07).sum(1)).mean()


@pytest.mark.parametrize(("classes", "units"), [(2, 3), (4, 3), (5, 16), (10, 4), (1, 4)])
def test_targets_are_spread(classes, units):
    targets = uniform_targets(classes, units, seed=3)
    np.testing.assert_allclose(np.linalg.norm(targets, axis=1), 1)
    products = (targets @ targets.T)[~np.eye(classes, dtype=bool)]
    if 1 < classes <= units + 1:
        np.testing.assert_allclose(products, -1 / (classes - 1), atol=1e-12)
    random = [uniformity(unit(RANDOM.normal(size=(classes, units)))) for _ in range(50)]
    assert uniformity(targets) <= min(random) + 1e-9


def test_the_assignment_is_the_cheapest():
    for size in (1, 2, 4, 6):
        costs = RANDOM.normal(size=(size, size))
        found = cheapest_assignment(costs)
        assert sorted(found) == list(range(size))
        best = min(costs[range(size), order].sum() for order in itertools.permutations(range(size)))
        np.testing.assert_allclose(costs[range(size), found].sum(), best)
    with pytest.raises(ValueError, match="`costs` must be a square matrix"):
        cheapest_assignment(np.zeros((2, 3)))


def as_numpy(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def model_of(**technique):
    given = {"name": "targeted_contrastive", "hidden_units": 64, "units": 5, "queue_size": 9, **technique}
    return tiny.model("tsc", stage1={"technique": given})


def test_a_step_moves_queue_and_centers_and_an_epoch_matches_targets():
    model = model_of(positives=2)
    model.set_stage(0, 4)
    part = model.technique
    part.begin(model, None)
    part.on_epoch_begin(0, 4)
    targets, centers = as_numpy(part.class_targets), as_numpy(part.centers)
    assert (cheapest_assignment(-centers @ targets.T) == np.arange(3)).all()
    images = np.random.default_rng(1).integers(0, 256, (8, 8, 8, 1)).astype("float32")
    labels = np.repeat([0, 1, 0, 0], 2)
    output = model(images, training=True)
    queries, keys = (as_numpy(value) for value in map(ops.stop_gradient, output.kept))
    found = model.compute_loss(images, ops.convert_to_tensor(labels), output)
    assert np.isfinite(as_numpy(found))
    assert as_numpy(part.queue_labels).tolist() == [0, 1, 0, 0, -1, -1, -1, -1, -1]
    moved = as_numpy(part.centers)
    np.testing.assert_array_equal(moved[2], centers[2])
    assert np.abs(moved[:2] - centers[:2]).max() > 0
    np.testing.assert_allclose(as_numpy(part.queue)[:4], keys, rtol=1e-5)
    mean = unit(queries[[0, 2, 3]].mean(0))
    np.testing.assert_allclose(moved[0], unit(0.9 * centers[0] + 0.1 * mean), rtol=1e-4, atol=1e-6)
    same = ops.convert_to_tensor(np.array([[True] * 5 + [False] * 4, [True] + [False] * 8, [False] * 9]))
    chosen = as_numpy(part._chosen(same))
    assert chosen.sum(1).tolist() == [2, 1, 0] and not chosen[:, 5:].any()


def test_a_fit_and_a_file(tmp_path):
    data, model = tiny.dataset(), model_of()
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(as_numpy(one), as_numpy(other))
    part = model.techniques[0]
    assert type(part).from_config(part.get_config()).get_config() == part.get_config()
    with pytest.raises(ValueError, match="'targeted_contrastive' must draw 2 views"):
        tiny.model("tsc", stage1={"sampler": {"strategy": "instance_balanced"}})
