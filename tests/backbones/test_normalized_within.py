"""NBN inside a layer that calls its own batch normalization."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.backbones import NormalizedWithin
from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.layers import NormalizedBatchNormalization

IMAGES = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


@keras.saving.register_keras_serializable(package="tests_normalized_within")
class Block(keras.layers.Layer):
    """Convolutions whose batch normalization is in a dict, as in KerasHub's feature pyramid."""

    def build(self, input_shape):
        self.parts = {
            "convolution": keras.layers.Conv2D(5, 3, name="convolution"),
            "norm": keras.layers.BatchNormalization(name="norm"),
        }
        self.parts["convolution"].build(input_shape)
        self.parts["norm"].build((None, None, None, 5))

    def call(self, inputs):
        return self.parts["norm"](self.parts["convolution"](inputs))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] - 2, input_shape[2] - 2, 5)


@keras.saving.register_keras_serializable(package="tests_normalized_within")
class Network(keras.Model):
    """A functional model of a class of its own, with a constructor argument."""

    def __init__(self, image_shape, **kwargs):
        inputs = keras.Input(image_shape, name="images")
        x = keras.layers.BatchNormalization(name="first")(inputs)
        super().__init__(inputs, Block(name="block")(x), **kwargs)
        self.image_shape = image_shape

    def get_config(self):
        return {"image_shape": self.image_shape, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


def made():
    network = Network((8, 8, 3), name="network")
    places = [
        (key, "magnitude_inner" if "/" in path else "magnitude_outer")
        for key, path, layer in inner_layers(network)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    return NormalizedWithin(network, places, bias_radius=0.2)


def test_it_acts_as_the_network_with_magnitudes():
    model = made()
    assert model.image_shape == (8, 8, 3) and model.name == "network"
    assert model.input_shape == (None, 8, 8, 3) and model.output_shape == (None, 6, 6, 5)
    with pytest.raises(AttributeError, match="no attribute 'operations'"):
        _ = model.operations
    assert [layer.name for layer in model.magnitudes] == ["magnitude_outer", "magnitude_inner"]
    before = ops.convert_to_numpy(model(IMAGES, training=False))
    model.magnitudes[1].magnitude.assign(2.0)
    # Offsets are zero, so the last layer doubles.
    np.testing.assert_allclose(ops.convert_to_numpy(model(IMAGES, training=False)), 2 * before, rtol=1e-5)


def test_training_and_files(tmp_path):
    model = made()
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(model(inputs)))
    outer.compile("sgd", "mse")
    start = [ops.convert_to_numpy(variable).copy() for variable in outer.trainable_variables]
    outer.fit(IMAGES, np.ones((4, 5)), verbose=0)
    moved = [
        variable.path
        for variable, old in zip(outer.trainable_variables, start, strict=True)
        if (ops.convert_to_numpy(variable) != old).any()
    ]
    assert {"magnitude_inner/magnitude"} < set(moved) and any("norm/beta" in path for path in moved)
    outer.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    inner = next(layer for layer in again.layers if isinstance(layer, NormalizedWithin))
    norms = [layer for _, _, layer in inner_layers(inner.network) if layer.name in ("first", "norm")]
    assert all(
        isinstance(layer, NormalizedBatchNormalization) and layer.bias_radius == 0.2 for layer in norms
    )
    assert len(again.variables) == len(outer.variables)
    np.testing.assert_allclose(
        ops.convert_to_numpy(again(IMAGES)), ops.convert_to_numpy(outer(IMAGES)), rtol=1e-5, atol=1e-6
    )
