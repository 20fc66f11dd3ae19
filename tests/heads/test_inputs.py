"""What a head takes."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.heads.inputs import head_input_shape, head_inputs, pool, takes_map


class OnMaps(keras.layers.Layer):
    takes_feature_map = True


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (2, 4)])
def test_heads_take_pooled_features_unless_they_say_otherwise(shape):
    maps = np.random.default_rng(0).normal(size=shape).astype("float32")
    pooled = maps.mean(axis=(1, 2)) if len(shape) == 4 else maps
    np.testing.assert_allclose(ops.convert_to_numpy(pool(ops.convert_to_tensor(maps))), pooled, rtol=1e-5)
    plain, on_maps = keras.layers.Dense(2), OnMaps()
    assert not takes_map(plain) and takes_map(on_maps)
    np.testing.assert_allclose(
        ops.convert_to_numpy(head_inputs(plain, ops.convert_to_tensor(maps))), pooled, rtol=1e-5
    )
    assert head_inputs(on_maps, maps) is maps
    assert head_input_shape(plain, (None, *shape[1:])) == (None, 4)
    assert head_input_shape(on_maps, (None, *shape[1:])) == (None, *shape[1:])
