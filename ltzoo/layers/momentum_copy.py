"""A network whose weights follow those of another one."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.keras_internals import layers_of


@keras.saving.register_keras_serializable(package="ltzoo")
class MomentumCopy(keras.layers.Layer):
    """The momentum encoder of MoCo (He et al., CVPR 2020, Eq. 2): v = m v + (1 - m) w with the weights w of a network.

    No gradient trains it, yet its batch norms use the statistics of the batch when it is called with
    `training=True`, and move their own averages, as in the published code. So its layers count as trainable while
    none of its weights does, whatever `trainable` is set to.

    Args:
        network: the copy, a built layer or model that nobody else uses; `MomentumCopy.of` makes one.
        momentum: m, from 0 to 1.

    Raises:
        ValueError: `momentum` is outside [0, 1], or another network has other weights.
    """

    def __init__(self, network: keras.layers.Layer, momentum: float = 0.999, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"`momentum` must be between 0 and 1. Received: momentum={momentum}")
        self.network = network
        self.momentum = float(momentum)
        for layer in layers_of(network):
            # One by one: on TensorFlow nothing happens where a model that is trainable is set to trainable.
            layer.trainable = True
        # What the optimizer would train follows the other network; statistics are the copy's own.
        self._follows = tuple(variable.trainable for variable in network.weights)
        self.trainable = False
        self.built = True

    @classmethod
    def of(cls, network: keras.layers.Layer, momentum: float = 0.999, **kwargs: Any) -> "MomentumCopy":
        """A copy of a built layer or functional model; `reset` gives it the same weights."""
        if isinstance(network, keras.Model):
            copy = keras.models.clone_model(network)
        else:
            copy = type(network).from_config(network.get_config())
            copy.build_from_config(network.get_build_config())
        return cls(copy, momentum, **kwargs)

    @property
    def trainable(self) -> bool:
        """True; see the class."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, True)
        for variable in self.weights:
            variable.trainable = False

    def reset(self, network: keras.layers.Layer) -> None:
        """Takes over all weights of `network`, moving averages included."""
        for mine, other in self._pairs(network):
            # In memory of its own: JAX donates the buffers of a training step.
            mine.assign(np.array(ops.convert_to_numpy(other)))

    def update(self, network: keras.layers.Layer) -> None:
        """One step of the formula."""
        for follows, (mine, other) in zip(self._follows, self._pairs(network), strict=True):
            if follows:
                other = ops.stop_gradient(ops.convert_to_tensor(other))
                mine.assign(self.momentum * mine + (1.0 - self.momentum) * other)

    def _pairs(self, network):
        mine, others = self.network.weights, network.weights
        if [tuple(variable.shape) for variable in mine] != [tuple(variable.shape) for variable in others]:
            raise ValueError(
                "`network` must have the weights that this is a copy of. "
                f"Received: {len(others)} weights of {network.name!r}, the copy has {len(mine)}"
            )
        return list(zip(mine, others, strict=True))

    def call(self, inputs, training=None):
        return ops.stop_gradient(self.network(inputs, training=training))

    def compute_output_shape(self, input_shape):
        return self.network.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "momentum": self.momentum,
        }

    @classmethod
    def from_config(cls, config):
        """The inverse of `get_config`."""
        config = dict(config)
        config["network"] = keras.saving.deserialize_keras_object(config["network"])
        return cls(**config)
