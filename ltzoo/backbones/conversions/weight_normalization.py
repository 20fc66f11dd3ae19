"""Weight normalization of all convolutions of a network."""

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.conversions.rewritten import functional, rewritten
from ltzoo.layers.weight_normalized_conv2d import WeightNormalizedConv2D
from ltzoo.variables import assign_copy


@register("weight_normalization")
def weight_normalization(model: keras.Model) -> keras.Model:
    """Copy a network and normalize the filters of its convolutions ("WN" in Table X of Bao et al., 2024).

    The new layers compute what the old ones did. In a new network, whose weights are drawn afterwards, the magnitudes
    start at sqrt(2); see `ltzoo.layers.weight_normalized_conv2d.WeightNormalizedConv2D`.

    Args:
        model: a functional or built sequential model; it is not changed.

    Returns:
        A functional `keras.Model` with the same name, inputs and outputs.

    Raises:
        ValueError: the model is not functional or has no `keras.layers.Conv2D` of its own.
    """
    model = functional(model)
    chosen = [layer for layer in model.layers if type(layer) is keras.layers.Conv2D]
    if not chosen:
        raise ValueError(
            "`model` must have layers of type keras.layers.Conv2D, and not within a nested model. "
            f"Received: {model.name!r} with {len(model.layers)} layers"
        )
    converted, pairs = rewritten(
        model, chosen, lambda layer: WeightNormalizedConv2D.from_config(layer.get_config())
    )
    for old, new in pairs:
        new.represent(old.kernel)
        if old.use_bias:
            assign_copy(new.bias, old.bias)
    return converted
