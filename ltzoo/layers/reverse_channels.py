"""Swap RGB and BGR."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class ReverseChannels(keras.layers.Layer):
    """Reverse the last axis: RGB to BGR and back.

    Networks converted from Caffe (VGG and the first ResNets of `keras.applications`) expect BGR.

    Input and output: [batch, ..., channels], same shape and dtype.
    """

    def call(self, inputs):
        """Return the inputs with their channels reversed."""
        return ops.flip(inputs, axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the input shape."""
        return input_shape
