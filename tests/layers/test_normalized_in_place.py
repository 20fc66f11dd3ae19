import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import BatchNormalization, NormalizedBatchNormalization, SharedMagnitude
from ltzoo.layers.normalized_in_place import normalize_in_place

VALUES = np.random.default_rng(0).normal(2.0, 3.0, (16, 4, 3)).astype("float32")


def magnitude(value=1.0):
    layer = SharedMagnitude(value)
    layer.build(())
    return layer


@pytest.mark.parametrize("kind", [keras.layers.BatchNormalization, BatchNormalization])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_it_is_a_new_nbn_layer_with_the_old_weights(kind, policy):
    layer = kind(momentum=0.8, epsilon=1e-2, name="norm", dtype=policy)
    layer.build(VALUES.shape)
    layer.gamma.assign([0.5, -1.0, 2.0])
    weights = layer.get_weights()
    shared = magnitude(2.0)
    normalize_in_place(layer, shared, bias_radius=0.2)
    assert isinstance(layer, NormalizedBatchNormalization) and layer.name == "norm"
    for old, new in zip(weights, layer.get_weights(), strict=False):
        np.testing.assert_array_equal(old, new)
    assert [variable.name for variable in layer.variables][-2:] == ["gamma_factor", "beta_factor"]

    fresh = NormalizedBatchNormalization.from_config(layer.get_config())
    assert fresh.get_config() == layer.get_config() and fresh.bias_radius == 0.2
    fresh.build([VALUES.shape, ()])
    fresh.set_weights(layer.get_weights())
    for training in (True, False):
        expected = fresh([VALUES, shared(VALUES)], training=training)
        found = layer(VALUES, training=training)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(
            ops.convert_to_numpy(ops.cast(found, "float32")),
            ops.convert_to_numpy(ops.cast(expected, "float32")),
        )
    for one, other in zip(fresh.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_built_batch_normalization():
    class Other(keras.layers.BatchNormalization):
        pass

    built = Other(name="other")
    built.build((None, 3))
    normal = keras.layers.BatchNormalization(name="unbuilt")
    for layer, message in ((built, "'other' of class Other"), (normal, "'unbuilt'.*built=False")):
        with pytest.raises(ValueError, match=f"`layer` must be a built.*Received: {message}"):
            normalize_in_place(layer, magnitude())
