import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import BatchNormalization
from ltzoo.layers.momentum_copy import MomentumCopy
from ltzoo.layers.projection_head import ProjectionHead

INPUTS = np.random.default_rng(0).normal(2.0, 3.0, (8, 4)).astype("float32")


def network():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="dense")(inputs)
    return keras.Model(inputs, BatchNormalization(name="norm")(hidden))


def values(layer):
    return [ops.convert_to_numpy(variable) for variable in layer.weights]


def test_weights_follow_and_statistics_are_its_own():
    source = network()
    copy = MomentumCopy.of(source, momentum=0.75)
    copy.reset(source)
    for one, two in zip(values(source), values(copy), strict=True):
        np.testing.assert_array_equal(one, two)
    before = values(source)
    for variable in source.weights:
        variable.assign(variable + 1.0)
    copy.update(source)
    names = [variable.name for variable in source.weights]
    for name, old, new in zip(names, before, values(copy), strict=True):
        step = 0.0 if name.startswith("moving") else 0.25
        np.testing.assert_allclose(new, old + step, rtol=1e-5, atol=1e-6)


def test_no_weight_trains_but_batch_statistics_are_used():
    source = network()
    source.trainable = False
    copy = MomentumCopy.of(source, name="copy")
    copy.reset(source)
    for setting in (True, False):
        copy.trainable = setting
        assert copy.trainable_weights == [] and copy.trainable_variables == []
    output = ops.convert_to_numpy(copy(INPUTS, training=True))
    np.testing.assert_allclose(output.mean(axis=0), 0.0, atol=1e-5)
    moved = ops.convert_to_numpy(copy.network.get_layer("norm").moving_mean)
    assert (moved != 0).all()
    again = MomentumCopy.from_config(copy.get_config())
    assert again.momentum == 0.999 and again.name == "copy" and again.trainable_weights == []


def test_layers_can_be_copied_and_strangers_cannot_be_followed():
    head = ProjectionHead(2, hidden_units=3, seed=4)
    head.build((None, 4))
    copy = MomentumCopy.of(head)
    copy.reset(head)
    np.testing.assert_allclose(ops.convert_to_numpy(copy(INPUTS)), ops.convert_to_numpy(head(INPUTS)))
    with pytest.raises(ValueError, match="Received: 6 weights"):
        copy.update(network())
    with pytest.raises(ValueError, match="momentum=2"):
        MomentumCopy.of(head, momentum=2)
