"""From tokens to a vector; channels turned round."""

import keras
import numpy as np
import pytest

from ltzoo.layers import ReverseChannels, TokenPooling

TOKENS = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")


def test_class_token_and_mean_of_the_patches():
    for layer, expected in (
        (TokenPooling("class"), TOKENS[:, 0]),
        (TokenPooling("mean"), TOKENS.mean(axis=1)),
        (TokenPooling("mean", prefix=2), TOKENS[:, 2:].mean(axis=1)),
    ):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(TOKENS)), expected, rtol=1e-5, atol=1e-6)
        assert layer.compute_output_shape(TOKENS.shape) == expected.shape
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert (again.mode, again.prefix) == (layer.mode, layer.prefix)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="mode='max'"):
        TokenPooling("max")
    with pytest.raises(ValueError, match="prefix=-1"):
        TokenPooling("mean", -1)


def test_reversed_channels():
    layer = ReverseChannels()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(TOKENS)), TOKENS[..., ::-1])
    assert layer.compute_output_shape((None, 4, 4, 3)) == (None, 4, 4, 3)
