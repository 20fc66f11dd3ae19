"""OLTR's attention against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers.modulated_attention import ModulatedAttention

RANDOM = np.random.default_rng(4)
MAPS = RANDOM.normal(size=(3, 2, 3, 4))


def make(shape=MAPS.shape, random=True, **arguments):
    layer = ModulatedAttention(**arguments)
    layer.build((None, *shape[1:]))
    if random:
        for weight in layer.weights:
            weight.assign(RANDOM.normal(size=weight.shape))
    return layer


def softmax(values):
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def expected(layer, maps):
    named = {weight.name: np.array(ops.convert_to_numpy(weight), "float64") for weight in layer.weights}
    result = np.empty_like(maps)
    for number, image in enumerate(maps):
        rows = image.reshape(-1, image.shape[-1])
        theta, phi, g = (rows @ named[name] + named[f"{name}_bias"] for name in ("theta", "phi", "g"))
        added = softmax(theta @ phi.T) @ g @ named["out"]
        attention = softmax(rows.reshape(1, -1) @ named["spatial"] + named["spatial_bias"])
        result[number] = image + (attention.T * added).reshape(image.shape)
    return result


@pytest.mark.parametrize("reduction", [1, 2])
def test_agrees_with_the_released_formula(reduction):
    layer = make(reduction=reduction)
    found = ops.convert_to_numpy(layer(MAPS.astype("float32")))
    np.testing.assert_allclose(found, expected(layer, MAPS), rtol=1e-4, atol=1e-5)


def test_it_starts_as_the_identity_and_takes_half_precision():
    layer = make(random=False)
    found = layer(MAPS.astype("float16"))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_array_equal(ops.convert_to_numpy(found), MAPS.astype("float16").astype("float32"))


def test_a_map_of_one_position():
    maps = MAPS[:, :1, :1]
    layer = make(maps.shape)
    found = ops.convert_to_numpy(layer(maps.astype("float32")))
    np.testing.assert_allclose(found, expected(layer, maps), rtol=1e-4, atol=1e-5)


def test_config_and_wrong_inputs():
    layer = make(reduction=4)
    assert ModulatedAttention.from_config(layer.get_config()).get_config() == layer.get_config()
    for shape in ((3, 4), (3, 2, 3, 1)):
        with pytest.raises(ValueError, match="`inputs` must be maps"):
            make(shape)
