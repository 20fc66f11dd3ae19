import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import NormBall


@pytest.mark.parametrize("axis", [0, 1])
def test_only_vectors_outside_change(axis):
    w = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    w[1] = w[:, 2] = 0.0
    norms = np.linalg.norm(w.astype("float64"), axis=axis, keepdims=True)
    radius = float(np.median(norms[norms > 0]))
    actual = ops.convert_to_numpy(NormBall(radius, axis)(ops.convert_to_tensor(w)))
    inside = np.broadcast_to(norms <= radius, w.shape)
    np.testing.assert_array_equal(actual[inside], w[inside])
    expected = w * np.minimum(1.0, radius / np.maximum(norms, 1e-12))
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    np.testing.assert_array_equal(NormBall(np.inf, axis)(w), w)


def test_as_a_constraint_of_a_layer():
    layer = keras.layers.Dense(4, kernel_constraint=NormBall(0.5))
    copy = keras.layers.Dense.from_config(layer.get_config())
    assert copy.kernel_constraint.get_config() == {"radius": 0.5, "axis": 0}
    with pytest.raises(ValueError, match="radius=0"):
        NormBall(0)
