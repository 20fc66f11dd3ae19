"""Learned scales, DisAlign and LogN continue a cosine classifier on features of length 1."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.training import Recipe, Stage
from tests import tiny

RANDOM = np.random.default_rng(0)
X, W = RANDOM.normal(size=(6, 5)), RANDOM.normal(size=(5, 4))
COSINES = (X / np.linalg.norm(X, axis=1, keepdims=True)) @ (W / np.linalg.norm(W, axis=0))
SCALE = 20.0


def make(name, **arguments):
    head = heads.get({"name": name, **arguments}, 4, name="head_2")
    head.build((None, 5))
    return head


def cosine():
    head = heads.get({"name": "normalized_dense"}, 4, scale=SCALE, name="head")
    head.build((None, 5))
    head.kernel.assign(W)
    return head


def value(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def test_learned_scales_multiply_the_cosines():
    head = make("learnable_weight_scaling", learn_kernel=False, normalize_features=True)
    head.begin(cosine(), None)
    np.testing.assert_allclose(value(head(X.astype("float32"))), SCALE * COSINES, rtol=1e-5, atol=1e-5)
    factors = np.array([0.5, 1.0, 2.0, 3.0])
    head.class_scale.assign(factors)
    np.testing.assert_allclose(
        value(head(X.astype("float32"))), SCALE * COSINES * factors, rtol=1e-5, atol=1e-5
    )
    assert [variable.name for variable in head.trainable_variables] == ["class_scale"]


def test_disalign_calibrates_cosines():
    head = make("disalign", normalize_features=True, initial_magnitude=1.0)
    head.begin(cosine(), None)
    np.testing.assert_allclose(value(head(X.astype("float32"))), SCALE * COSINES, rtol=1e-5, atol=1e-5)


def test_log_n_measures_cosines():
    head = make("log_n", normalize_features=True)
    head.take_over(cosine())
    head.set_statistics(X)
    logits = SCALE * COSINES
    expected = (logits - logits.mean(0)) / logits.std(0)
    np.testing.assert_allclose(value(head(X.astype("float32"))), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["learnable_weight_scaling", "disalign", "log_n"])
def test_config_and_the_two_ways_around(name):
    head = make(name, normalize_features=True)
    assert type(head).from_config(head.get_config()).get_config() == head.get_config()
    with pytest.raises(ValueError, match="must be False to continue a classifier that does not normalize"):
        plain = make("dense")
        head.take_over(plain) if hasattr(head, "take_over") else head.begin(plain, None)
    other = make(name)
    with pytest.raises(ValueError, match="must be True to continue a classifier that normalizes"):
        other.take_over(cosine()) if hasattr(other, "take_over") else other.begin(cosine(), None)


def test_a_stage_of_learned_scales_after_a_cosine_classifier():
    shared = {"loss": {"name": "cross_entropy"}, "batch_size": 8}
    recipe = Recipe(
        "test",
        {"name": "normalized_dense"},
        (
            Stage(epochs=1, scale=16.0, **shared),
            Stage(
                epochs=1,
                head={"name": "learnable_weight_scaling", "learn_kernel": False, "normalize_features": True},
                trainable="head",
                batch_norm="frozen",
                **shared,
            ),
        ),
    )
    model = tiny.model(recipe)
    model.fit(tiny.dataset(val=False), verbose=0)
    scales = keras.ops.convert_to_numpy(model.head.class_scale.value)
    assert np.isfinite(scales).all() and (scales != 1).any()
    lengths = np.linalg.norm(keras.ops.convert_to_numpy(model.head.kernel.value), axis=0)
    np.testing.assert_allclose(lengths, 16.0, rtol=1e-5)
