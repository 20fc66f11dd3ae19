"""Lengths and unit vectors, and their gradients at zero."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.gradients import value_and_gradients
from ltzoo.heads.cosnorm import squash
from ltzoo.layers.feature_normalization import FeatureNormalization
from ltzoo.layers.lengths import euclidean_length, unit_length
from ltzoo.layers.normalized_batch_normalization import unit_direction

VECTORS = np.array([[3.0, -4.0], [0.0, 0.0], [5.0, 12.0]], "float32")


def gradient_of(function, start):
    value, (gradient,) = value_and_gradients(lambda values: ops.sum(function(values[0])), [start])
    return float(ops.convert_to_numpy(value)), ops.convert_to_numpy(gradient)


def test_length_and_its_gradient():
    value, gradient = gradient_of(lambda vectors: euclidean_length(vectors, axis=-1), VECTORS)
    assert value == 18.0
    np.testing.assert_allclose(gradient, [[0.6, -0.8], [0, 0], [5 / 13, 12 / 13]], rtol=1e-6)
    assert ops.shape(euclidean_length(VECTORS, axis=(0, 1))) == (1, 1)


def test_unit_length():
    np.testing.assert_allclose(
        ops.convert_to_numpy(unit_length(ops.convert_to_tensor(VECTORS), axis=-1)),
        [[0.6, -0.8], [0, 0], [5 / 13, 12 / 13]],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda vectors: unit_length(vectors, axis=-1), 0.0),
        (squash, 1.0),
        (lambda vectors: FeatureNormalization()(vectors[:, None, None, :]), 1e6),
        (lambda vectors: unit_direction(vectors[1]), 1e6),
    ],
    ids=["unit_length", "squash", "feature_normalization", "unit_direction"],
)
def test_a_zero_vector_has_a_finite_gradient(function, slope):
    _, gradient = gradient_of(function, VECTORS)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_allclose(gradient[1], slope, rtol=1e-5)


def test_a_zero_class_vector_of_each_cosine_head_has_a_finite_gradient():
    for name in ("deconfounded", "cosnorm", "normalized_dense"):
        head = heads.get({"name": name}, 3, name="head")
        head.build((None, 4))
        kernel = ops.convert_to_numpy(head.kernel).copy()
        kernel[:, 1] = 0.0
        head.kernel.assign(kernel)
        features = np.ones((2, 4), "float32")

        def total(values, head=head, features=features):
            with keras.StatelessScope(state_mapping=[(head.kernel, values[0])]):
                return ops.sum(head(features, training=True))

        _, (gradient,) = value_and_gradients(total, [kernel])
        gradient = ops.convert_to_numpy(gradient)
        assert np.all(np.isfinite(gradient)) and np.any(gradient[:, 0]), name
