"""Classifiers that are computed from a trained network: tau-normalization, nearest class mean, LogN."""

import types

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.tau_normalized import choose_tau
from ltzoo.training import Recipe, Stage
from tests import tiny

RANDOM = np.random.default_rng(0)


def make(name, classes=3, size=4, **arguments):
    head = heads.get({"name": name, **arguments}, classes, name="head")
    head.build((None, size))
    return head


def dense(kernel, bias=0.0):
    head = make("dense", kernel.shape[1], kernel.shape[0])
    head.kernel.assign(kernel)
    head.bias.assign(np.full(kernel.shape[1], 1.0) * bias)
    return head


def context(features, labels, val=None):
    return types.SimpleNamespace(features=lambda: (features, labels), val_features=lambda: val)


def value(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


# Class 0 has a long vector and wins wrongly unless lengths are evened out.
KERNEL = np.eye(3)[:, :3] * [4.0, 1.0, 1.0]
FEATURES = np.array([[1.0, 0, 0], [0.5, 1.0, 0], [0.5, 0, 1.0]], "float32")
LABELS = np.arange(3)


def test_tau_is_chosen_on_validation_images_else_on_training_images():
    # 4^(1 - tau) * 0.5 < 1 from tau = 0.5 on; larger tau makes class 0 less sure and the others surer.
    assert choose_tau(KERNEL, FEATURES, LABELS) > 0.5
    assert (
        choose_tau(KERNEL, np.eye(3), LABELS) == 0.0
    )  # right with every tau: the lowest cross-entropy decides
    rare_wrong = np.concatenate([np.repeat(FEATURES[:1], 50, 0), FEATURES])
    assert choose_tau(KERNEL, rare_wrong, np.r_[np.zeros(50, int), LABELS]) > 0.5
    right = (np.eye(3, dtype="float32"), LABELS)
    for train, val, best in (((FEATURES, LABELS), right, 0.0), (right, (FEATURES, LABELS), None)):
        head = make("tau_normalized", size=3)
        head.begin(dense(KERNEL, bias=9.0), context(*train, val=val))
        tau = float(head.tau_weight)
        assert tau == best if best is not None else tau > 0.5
    head.begin(dense(KERNEL), context(FEATURES, LABELS))
    assert float(head.tau_weight) > 0.5
    np.testing.assert_array_equal(value(head(FEATURES)).argmax(1), LABELS)
    np.testing.assert_allclose(
        np.linalg.norm(head.class_vectors(), axis=0)[0], 4 ** (1 - float(head.tau_weight)), rtol=1e-5
    )
    fixed = make("tau_normalized", size=3, tau=0.3)
    fixed.begin(dense(KERNEL), context(None, None))
    assert fixed.tau_weight is None
    np.testing.assert_allclose(np.diag(value(fixed(np.eye(3)))), [4**0.7, 1, 1], rtol=1e-6)


def test_tau_needs_a_vector_a_class_and_keeps_zero_vectors():
    with pytest.raises(ValueError, match="previous=Flatten"):
        make("tau_normalized").begin(keras.layers.Flatten(), context(None, None))
    with pytest.raises(ValueError, match="tau=-1"):
        make("tau_normalized", tau=-1)
    head = make("tau_normalized", tau=1.0)
    head.kernel.assign(np.zeros((4, 3)))
    np.testing.assert_array_equal(value(head(np.ones((2, 4)))), 0.0)


@pytest.mark.parametrize("features", ["un", "l2n", "cl2n"])
@pytest.mark.parametrize("metric", ["l2", "dot", "cosine"])
def test_nearest_class_mean_against_loops(features, metric):
    head = make("nearest_class_mean", features=features, metric=metric)
    x, y = RANDOM.normal(size=(12, 4)), np.arange(12) % 3
    query = RANDOM.normal(size=(5, 4))
    head.begin(None, context(x, y))
    middle = x.mean(0) if features == "cl2n" else 0.0

    def transform(v):
        v = v - middle
        return v if features == "un" else v / np.linalg.norm(v)

    means = [np.mean([transform(v) for v in x[y == c]], axis=0) for c in range(3)]
    score = {
        "l2": lambda v, m: -((v - m) ** 2).sum(),
        "dot": lambda v, m: v @ m / 4,
        "cosine": lambda v, m: v @ m / np.linalg.norm(v) / np.linalg.norm(m),
    }[metric]
    expected = [[score(transform(v), m) for m in means] for v in query]
    np.testing.assert_allclose(value(head(query.astype("float32"))), expected, atol=1e-5)
    head.scale = 3.0
    np.testing.assert_allclose(value(head(query.astype("float32"))), 3 * np.array(expected), atol=3e-5)


def test_distances_far_from_the_origin_and_missing_classes():
    head = make("nearest_class_mean", metric="l2")
    points = 1000.0 + np.eye(3, 4)
    head.set_means(points, np.arange(3))
    np.testing.assert_allclose(value(head(points.astype("float32"))), -2.0 * (1 - np.eye(3)), atol=1e-4)
    with pytest.raises(ValueError, match=r"\[2, 0, 1\]"):
        head.set_means(points, np.array([0, 0, 2]))
    for bad in ({"features": "l1"}, {"metric": "l1"}):
        with pytest.raises(ValueError, match="'l1'"):
            make("nearest_class_mean", **bad)


def test_log_n_gives_all_classes_one_mean_and_deviation():
    kernel, x = RANDOM.normal(size=(4, 3)), RANDOM.normal(2.0, 3.0, (40, 4))
    plain = x @ kernel + 5.0
    head = make("log_n")
    head.begin(dense(kernel, bias=5.0), context(x, None))
    logits = value(head(x.astype("float32")))
    np.testing.assert_allclose(logits, (plain - plain.mean(0)) / plain.std(0), atol=1e-5)
    shifted = make("log_n", shift="minimum")
    shifted.begin(dense(kernel, bias=5.0), context(x, None))
    expected = (plain - plain.mean(0) + plain.mean(0).min()) / plain.std(0)
    np.testing.assert_allclose(value(shifted(x.astype("float32"))), expected, rtol=1e-4, atol=1e-4)
    dead = make("log_n")
    dead.begin(dense(np.zeros((4, 3))), context(x, None))
    np.testing.assert_array_equal(value(dead(x.astype("float32"))), 0.0)
    with pytest.raises(ValueError, match="shift='mean'"):
        make("log_n", shift="mean")


def test_three_stages_hand_the_classifier_on_and_survive_a_file(tmp_path):
    loss, second = {"name": "cross_entropy"}, {"name": "learnable_weight_scaling"}
    stages = [
        Stage(0, loss),
        Stage(1, loss, 8, head=second, trainable="head", batch_norm="shifted"),
        Stage(0, loss, head={"name": "log_n"}),
    ]
    model = tiny.model(Recipe("three", {"name": "dense"}, stages))
    data = tiny.dataset()
    model.fit(data, verbose=0)
    images = data.train.load(np.arange(len(data.train.labels)))
    features = np.asarray(model.extract_features_on_batch(images))
    plain = value(model.heads[1](features))
    expected = (plain - plain.mean(0)) / plain.std(0)
    np.testing.assert_allclose(value(model.head(features)), expected, atol=1e-3)
    assert np.abs(value(model.heads[1].class_scale) - 1).max() > 1e-3
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        copy.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-5, atol=1e-5
    )
