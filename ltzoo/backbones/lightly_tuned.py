"""A network with small trained additions to some of its layers, for tuning that leaves the network itself alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import keras

from ltzoo.backbones.inner_layers import inner_layers


@keras.saving.register_keras_serializable(package="ltzoo")
class LightlyTuned(keras.Model):
    """A backbone in which the output of chosen layers gets something added: y + addition(x).

    y is a layer's output before its activation function, x its input or, for the branch of a whole MLP, the input of a
    layer before it. The additions are layers of this model's own, in ``additions``, and named after their places: a
    stage with ``trainable=["lora_*"]`` or ``["adapter_*"]`` trains them and leaves every weight of the backbone as it
    is. Both survive ``.keras`` files separately: nothing is merged into the backbone's kernels. (``Dense.enable_lora``
    of Keras merges them when it saves, and unfreezes the kernel when somebody sets ``trainable``.)

    Made by the conversions "lora" and "adapters"; other conversions must come before them.

    Args:
        backbone: a built model that can be made again from its configuration. It is changed in place.
        additions: the layers to add.
        places: for each the keys (see ``inner_layers``) of the layer whose input it reads and of the layer to whose
            output it is added; often the same.
        name: default the backbone's.
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
        # As text: the layers change below, and Keras would track a dict.
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
        """The backbone's."""
        return self.backbone.output_shape

    @property
    def input_shape(self) -> tuple:
        """The backbone's."""
        return self.backbone.input_shape

    def call(self, images, training=None):
        return self.backbone(images, training=training)

    def compute_output_shape(self, input_shape):
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
        """The inverse of `get_config`."""
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
    """Lets `last` return what it returned plus `addition(input of first)`, in every call from now on."""
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
        # `first` was called in the same pass: nothing is kept from one to the next.
        source = inputs if first is last else seen.pop()
        outputs = compute(inputs, *arguments, **keywords) + addition(source)
        return outputs if activation is None else activation(outputs)

    last.call = add
