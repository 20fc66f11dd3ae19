"""A network with normalized batch normalization inside layers of other libraries."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any

import keras

from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.keras_internals import untracked
from ltzoo.layers.normalized_in_place import normalize_in_place
from ltzoo.layers.shared_magnitude import SharedMagnitude


@keras.saving.register_keras_serializable(package="ltzoo")
class NormalizedWithin(keras.Model):
    """A network whose batch normalization, at any depth, is NBN with shared magnitudes.

    A functional network is cloned with NBN in its graph instead. That cannot be done where a layer calls its own batch
    normalization, as the feature pyramid of KerasHub's RetinaNet does, or where a class rebuilds its graph from its
    arguments. Here the layers change in place. `.keras` files hold the configuration of the network before the change
    and the places; the network's constructor arguments, such as `image_shape`, are attributes of this model too.

    `ltzoo.backbones.conversions.convert_batch_normalization` makes this model.

    Args:
        network: a built model that can be rebuilt from its configuration. It is changed.
        places: pairs of a layer's key (see `inner_layers`) and the name of its magnitude.
        learn_magnitude, normalize, bias_radius: see `convert_batch_normalization`.
        name: name of the model; default: the network's.

    Attributes:
        magnitudes: one `SharedMagnitude` per name in `places`.
    """

    def __init__(
        self,
        network: keras.Model,
        places: Sequence[Sequence[str]],
        learn_magnitude: bool = True,
        normalize: bool = True,
        bias_radius: float = 0.1,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dtype", network.dtype_policy)
        super().__init__(name=name or network.name, **kwargs)
        # As text, since the layers change below and Keras would track a dict.
        self._network_config = json.dumps(keras.saving.serialize_keras_object(network))
        self.places = tuple((str(key), str(group)) for key, group in places)
        self.learn_magnitude = bool(learn_magnitude)
        self.normalize = bool(normalize)
        self.bias_radius = float(bias_radius)
        self.network = network
        untracked(self, "_arguments_of", network)
        self.magnitudes = [
            SharedMagnitude(learn=self.learn_magnitude, name=group, dtype=self.dtype_policy)
            for group in dict.fromkeys(group for _, group in self.places)
        ]
        shared = {layer.name: layer for layer in self.magnitudes}
        found: dict[str, Any] = {key: layer for key, _, layer in inner_layers(network)}
        for magnitude in self.magnitudes:
            magnitude.build(())
        for key, group in self.places:
            normalize_in_place(
                found[key], shared[group], normalize=self.normalize, bias_radius=self.bias_radius
            )
        self.built = True

    def __getattr__(self, name: str) -> Any:
        """Return an attribute that holds a constructor argument of the network."""
        network = self.__dict__.get("_arguments_of")
        if network is not None and name in inspect.signature(type(network).__init__).parameters:
            return getattr(network, name)
        otherwise = getattr(super(), "__getattr__", None)
        if otherwise is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return otherwise(name)

    @property
    def output_shape(self) -> Any:
        """The output shape of the network."""
        return self.network.output_shape

    @property
    def input_shape(self) -> Any:
        """The input shape of the network."""
        return self.network.input_shape

    def call(self, inputs, training=None):
        """Return what the network computes."""
        return self.network(inputs, training=training)

    def compute_output_shape(self, input_shape):
        """Return the output shape of the network."""
        return self.network.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "network": json.loads(self._network_config),
            "places": [list(place) for place in self.places],
            "learn_magnitude": self.learn_magnitude,
            "normalize": self.normalize,
            "bias_radius": self.bias_radius,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the model from `get_config`."""
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects=custom_objects)
        return cls(**{**config, "network": network})
