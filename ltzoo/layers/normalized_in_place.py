"""Turn batch normalization into NBN inside a network whose graph cannot be made again."""

import keras

from ltzoo.keras_internals import unlocked
from ltzoo.layers.batch_normalization import BatchNormalization
from ltzoo.layers.normalized_batch_normalization import NormalizedBatchNormalization
from ltzoo.layers.shared_magnitude import SharedMagnitude


def normalize_in_place(
    layer: keras.layers.BatchNormalization,
    magnitude: SharedMagnitude,
    *,
    normalize: bool = True,
    bias_radius: float = 0.1,
) -> None:
    """Make a built batch normalization an NBN layer that multiplies a shared magnitude.

    It keeps its name, its weights and its place in the network: gamma and beta become directions. The two factors of
    `NormalizedBatchNormalization` are new and 1; `represent` sets all of them.

    Args:
        layer: a built layer of Keras or of this library; it is changed.
        magnitude: the layer that holds g; the network must own it elsewhere.
        normalize, bias_radius: see `NormalizedBatchNormalization`.

    Raises:
        ValueError: the layer is not built, or its class is not `BatchNormalization` itself.
    """
    if type(layer) not in (keras.layers.BatchNormalization, BatchNormalization) or not layer.built:
        raise ValueError(
            "`layer` must be a built BatchNormalization. "
            f"Received: {layer.name!r} of class {type(layer).__name__}, built={layer.built}"
        )
    # A new layer has every attribute that one of Keras lacks; those of both stay.
    config = {"normalize": normalize, "bias_radius": bias_radius, "shifted": getattr(layer, "shifted", False)}
    defaults = vars(NormalizedBatchNormalization(**config, dtype=layer.dtype_policy))
    layer.__class__ = NormalizedBatchNormalization
    assert isinstance(layer, NormalizedBatchNormalization)
    with unlocked(layer):
        for name, value in defaults.items():
            if name not in vars(layer):
                setattr(layer, name, value)
        layer.autocast = False
        layer.add_factors()
    compute = layer.call

    def call(inputs, training=None, mask=None):
        return compute([inputs, magnitude(inputs)], training=training, mask=mask)

    layer.call = call
