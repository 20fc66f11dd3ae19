"""RGB to BGR."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class ReverseChannels(keras.layers.Layer):
    """Reverses the last axis: RGB to BGR and back.

    Networks whose weights were converted from Caffe (VGG and the first ResNets of ``keras.applications``) take BGR.

    Input and output: ``[batch, ..., channels]``, same shape and type.
    """

    def call(self, inputs):
        return ops.flip(inputs, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape
