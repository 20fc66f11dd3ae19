import keras
import numpy as np
from keras import ops

from ltzoo.layers import PriorBias


def test_every_sigmoid_starts_at_one_over_the_number_of_classes():
    bias = ops.convert_to_numpy(PriorBias()((5,)))
    np.testing.assert_allclose(1 / (1 + np.exp(-bias)), np.full(5, 0.2), rtol=1e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(PriorBias()((1,), "float32")), [0.0])


def test_config():
    layer = keras.layers.Dense(4, bias_initializer=PriorBias())
    copy = keras.layers.Dense.from_config(layer.get_config())
    assert isinstance(copy.bias_initializer, PriorBias)
