"""Momentum encoder: a network whose weights follow another network's."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction
from ltzoo.keras_internals import layers_of
from ltzoo.variables import assign_copy


@keras.saving.register_keras_serializable(package="ltzoo")
class MomentumCopy(keras.layers.Layer):
    """Copy of a network whose weights v follow the network's weights w: v = m v + (1 - m) w.

    This is the momentum encoder of MoCo (He et al., CVPR 2020, Eq. 2). No gradient trains it. When called with
    `training=True`, its batch norms still use batch statistics and move their own averages, as in the published code.
    Its layers therefore count as trainable, but none of its weights does, whatever `trainable` is set to.

    Args:
        network: the copy, a built layer or model with no other user; `MomentumCopy.of` makes one.
        momentum: m, from 0 to 1.

    Raises:
        ValueError: if `momentum` is outside [0, 1], or the followed network has other weights.
    """

    @checked
    def __init__(self, network: keras.layers.Layer, momentum: Fraction = 0.999, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.network = network
        self.momentum = float(momentum)
        for layer in layers_of(network):
            # Set each layer: on TensorFlow, setting a trainable model to trainable does nothing.
            layer.trainable = True
        # Weights that an optimizer would train follow the network; the copy keeps its own statistics.
        self._follows = tuple(variable.trainable for variable in network.weights)
        self.trainable = False
        self.built = True

    @classmethod
    def of(cls, network: keras.layers.Layer, momentum: float = 0.999, **kwargs: Any) -> "MomentumCopy":
        """Copy a built layer or functional model; call `reset` to give the copy the same weights."""
        if isinstance(network, keras.Model):
            copy = keras.models.clone_model(network)
        else:
            copy = type(network).from_config(network.get_config())
            copy.build_from_config(network.get_build_config())
        return cls(copy, momentum, **kwargs)

    @property
    def trainable(self) -> bool:
        """True, so that batch norms use batch statistics; the weights never train."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.__set__(self, True)
        for variable in self.weights:
            variable.trainable = False

    def reset(self, network: keras.layers.Layer) -> None:
        """Take over all weights of `network`, moving averages included."""
        for mine, other in self._pairs(network):
            # Copy the memory: JAX donates the buffers of a training step.
            mine.assign(np.array(ops.convert_to_numpy(other)))

    def restore(self, network: keras.layers.Layer) -> None:
        """Give `network` all weights of the copy, moving averages included."""
        for mine, other in self._pairs(network):
            assign_copy(other, mine)

    def update(self, network: keras.layers.Layer) -> None:
        """Move the trainable weights v one step towards the weights w of `network`: v = m v + (1 - m) w."""
        for follows, (mine, other) in zip(self._follows, self._pairs(network), strict=True):
            if follows:
                other = ops.stop_gradient(ops.convert_to_tensor(other))
                mine.assign(self.momentum * ops.convert_to_tensor(mine) + (1.0 - self.momentum) * other)

    def _pairs(self, network):
        mine, others = self.network.weights, network.weights
        if [tuple(variable.shape) for variable in mine] != [tuple(variable.shape) for variable in others]:
            raise ValueError(
                f"`network` must have the same weights as the copy, which has {len(mine)}. "
                f"Received: {len(others)} weights of network={network.name!r}"
            )
        return list(zip(mine, others, strict=True))

    def call(self, inputs, training=None):
        """Return the copy's output for `inputs`, without a gradient."""
        return ops.stop_gradient(self.network(inputs, training=training))

    def compute_output_shape(self, input_shape):
        """Return the output shape of the network."""
        return self.network.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments, with the network serialized."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "momentum": self.momentum,
        }

    @classmethod
    def from_config(cls, config):
        """Build the layer from the result of `get_config`."""
        config = dict(config)
        config["network"] = keras.saving.deserialize_keras_object(config["network"])
        return cls(**config)
