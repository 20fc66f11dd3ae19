"""A network with small trained additions to some layers, for tuning that leaves its own weights alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import keras

from ltzoo.backbones.inner_layers import inner_layers


@keras.saving.register_keras_serializable(package="ltzoo")
class LightlyTuned(keras.Model):
    """A backbone with additions to the outputs of chosen layers: y + addition(x).

    y is a layer's output before its activation function. x is its input or, for a branch around a whole MLP, the
    input of an earlier layer. The additions are this model's own layers, in `additions`, named after their places: a
    stage with `trainable=["lora_*"]` or `["adapter_*"]` trains them and leaves every weight of the backbone
    unchanged. `.keras` files keep both separately; nothing is merged into the backbone's kernels. (Keras's
    `Dense.enable_lora` merges them on saving, and unfreezes the kernel when `trainable` is set.)

    The conversions "lora" and "adapters" make this model; apply other conversions before them.

    Args:
        backbone: a built model that can be rebuilt from its configuration. It is changed in place.
        additions: the layers to add.
        places: for each addition the keys (see `inner_layers`) of the layer whose input it reads and of the layer
            whose output it is added to; often the same layer.
        name: name of the model; default: the backbone's.
    """

    def __init__(
        self,
        backbone: keras.Model,
        additions: Sequence[keras.layers.Layer],
        places: Sequence[Sequence[str]],
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name or backbone.name, **kwargs)
        # As text, since the layers change below and Keras would track a dict.
        self._backbone_config = json.dumps(keras.saving.serialize_keras_object(backbone))
        self.places = tuple((str(first), str(last)) for first, last in places)
        self.backbone = backbone
        self.additions = list(additions)
        found = {key: layer for key, _, layer in inner_layers(backbone)}
        for addition, (first, last) in zip(self.additions, self.places, strict=True):
            _attach(addition, found[first], found[last])
        self.built = True

    @property
    def output_shape(self) -> tuple:
        """The output shape of the backbone."""
        return self.backbone.output_shape

    @property
    def input_shape(self) -> tuple:
        """The input shape of the backbone."""
        return self.backbone.input_shape

    def call(self, images, training=None):
        """Return the features of normalized images, with the additions."""
        return self.backbone(images, training=training)

    def compute_output_shape(self, input_shape):
        """Return the output shape of the backbone."""
        return self.backbone.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "backbone": json.loads(self._backbone_config),
            "additions": [keras.saving.serialize_keras_object(addition) for addition in self.additions],
            "places": [list(place) for place in self.places],
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the model from `get_config`."""
        made = {
            "backbone": keras.saving.deserialize_keras_object(
                config["backbone"], custom_objects=custom_objects
            ),
            "additions": [
                keras.saving.deserialize_keras_object(addition, custom_objects=custom_objects)
                for addition in config["additions"]
            ],
        }
        return cls(**{**config, **made})


def _attach(addition, first, last):
    """Make `last` add `addition(input of first)` to its output, from now on."""
    activation = getattr(last, "activation", None)
    if activation is not None:
        last.activation = keras.activations.linear
    compute, seen = last.call, []
    if first is not last:
        read = first.call

        def remember(inputs, *arguments, **keywords):
            seen[:] = [inputs]
            return read(inputs, *arguments, **keywords)

        first.call = remember

    def add(inputs, *arguments, **keywords):
        # `first` was called in the same pass, so nothing is kept between passes.
        source = inputs if first is last else seen.pop()
        outputs = compute(inputs, *arguments, **keywords) + addition(source)
        return outputs if activation is None else activation(outputs)

    last.call = add
