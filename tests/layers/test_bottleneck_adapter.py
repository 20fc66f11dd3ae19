"""The adapter's branch against its formula."""

import keras
import numpy as np
import pytest

from ltzoo.layers import BottleneckAdapter

RNG = np.random.default_rng(0)


def filled(layer, shape):
    layer.build(shape)
    layer.set_weights([RNG.normal(size=variable.shape).astype("float32") for variable in layer.weights])
    return layer, {weight.name: keras.ops.convert_to_numpy(weight) for weight in layer.weights}


def normalized(x, gamma, beta):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gamma + beta


@pytest.mark.parametrize("layer_norm", [True, False])
def test_beside_a_linear_layer(layer_norm):
    layer, w = filled(BottleneckAdapter(4, rank=3, layer_norm=layer_norm), (None, 5))
    x = RNG.normal(size=(2, 6, 5)).astype("float32")
    y = normalized(x, w["gamma"], w["beta"]) if layer_norm else x
    y = np.maximum(y @ w["kernel"] + w["down_bias"], 0) @ w["up_kernel"] + w["up_bias"]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), w["scale"] * y, rtol=1e-4, atol=1e-4)
    assert layer.compute_output_shape(x.shape) == (2, 6, 4)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_beside_a_convolution(padding):
    layer, w = filled(
        BottleneckAdapter(4, 3, kernel_size=3, strides=2, padding=padding, layer_norm=False),
        (None, None, None, 2),
    )
    convolution = keras.layers.Conv2D(3, 3, strides=2, padding=padding)
    x = RNG.normal(size=(2, 7, 7, 2)).astype("float32")
    convolution.build(x.shape)
    convolution.set_weights([w["kernel"], w["down_bias"]])
    inner = np.maximum(keras.ops.convert_to_numpy(convolution(x)), 0)
    expected = w["scale"] * (inner @ w["up_kernel"] + w["up_bias"])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, rtol=1e-4, atol=1e-4)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_it_adds_nothing_before_training_and_its_config_is_whole():
    layer = BottleneckAdapter(4, 2, kernel_size=3, strides=2, name="adapter_x")
    layer.build((None, None, None, 5))
    assert not keras.ops.convert_to_numpy(layer(np.ones((1, 5, 5, 5), "float32"))).any()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config() and again.built
    with pytest.raises(ValueError, match="rank=0"):
        BottleneckAdapter(4, 0)
