"""LoRA's update against products written out, for the layers that it is put beside."""

import keras
import numpy as np
import pytest

from ltzoo.layers import LowRankUpdate

RNG = np.random.default_rng(0)


def filled(layer):
    """The built layer with random A and B, and those."""
    layer.build(None)
    values = [RNG.normal(size=variable.shape).astype("float32") for variable in layer.weights]
    layer.set_weights(values)
    return layer, *values


@pytest.mark.parametrize("alpha", [None, 1.0])
def test_dense(alpha):
    layer, a, b = filled(LowRankUpdate("...x,xy->...y", (5, 3), rank=2, alpha=alpha))
    x = RNG.normal(size=(4, 6, 5)).astype("float32")
    expected = x @ a @ b * (1.0 if alpha is None else alpha / 2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, rtol=1e-5, atol=1e-5)


def test_projections_to_heads_and_back_are_one_matrix_each():
    heads, a, b = filled(LowRankUpdate("abc,cde->abde", (5, 2, 3), rank=2))
    x = RNG.normal(size=(4, 6, 5)).astype("float32")
    assert a.shape == (5, 2) and b.shape == (2, 2, 3)
    expected = np.einsum("btc,cr,rhk->bthk", x, a, b)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(heads(x)), expected, rtol=1e-5, atol=1e-5)
    back, a, b = filled(LowRankUpdate("abcd,cde->abe", (2, 3, 5), rank=2))
    assert a.shape == (6, 2) and b.shape == (2, 5)
    together = np.einsum("btn,nr,re->bte", expected.reshape(4, 6, 6), a, b)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(back(expected.astype("float32"))), together, rtol=1e-4, atol=1e-4
    )


def test_it_adds_nothing_before_training_and_its_config_is_whole():
    layer = LowRankUpdate("abc,cde->abde", (5, 2, 3), rank=2, alpha=4, name="lora_query")
    layer.build(None)
    assert not keras.ops.convert_to_numpy(layer(np.ones((1, 2, 5), "float32"))).any()
    assert np.abs(keras.ops.convert_to_numpy(layer.kernel)).max() <= 1 / np.sqrt(5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config() and again.built


def test_errors():
    with pytest.raises(ValueError, match="rank=0"):
        LowRankUpdate("ab,bc->ac", (2, 3), rank=0)
    with pytest.raises(ValueError, match="inputs and outputs only"):
        LowRankUpdate("abc,bcd->abd", (2, 3, 4))
    with pytest.raises(ValueError, match="kernel_shape"):
        LowRankUpdate("ab,bc->ac", (2, 3, 4))
