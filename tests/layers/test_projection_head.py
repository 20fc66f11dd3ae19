import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers.projection_head import ProjectionHead

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def test_it_is_two_layers_and_a_division_by_the_length():
    layer = ProjectionHead(3, hidden_units=16, seed=1)
    layer.build((None, 5))
    actual = ops.convert_to_numpy(layer(FEATURES, training=True))
    arrays = {variable.path.split("/", 1)[-1]: ops.convert_to_numpy(variable) for variable in layer.weights}
    hidden = FEATURES @ arrays["hidden/kernel"] + arrays["hidden/bias"]
    hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-5)
    output = np.maximum(hidden, 0) @ arrays["output/kernel"] + arrays["output/bias"]
    expected = output / np.linalg.norm(output, axis=1, keepdims=True)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(arrays["hidden/kernel"]).max() <= 5**-0.5
    assert layer.compute_output_shape((None, 5)) == (None, 3)


def test_float32_under_mixed_precision_and_the_same_from_its_config():
    layer = ProjectionHead(3, batch_normalization=False, seed=1, dtype="mixed_float16")
    layer.build((None, 5))
    assert layer.hidden.units == 5 and layer.norm is None
    output = layer(ops.convert_to_tensor(FEATURES, dtype="float16"))
    assert keras.backend.standardize_dtype(output.dtype) == "float32"
    again = ProjectionHead.from_config(layer.get_config())
    again.build((None, 5))
    for one, two in zip(layer.weights, again.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(two))
    with pytest.raises(ValueError, match="units=0"):
        ProjectionHead(0)
