"""Normalization of the features behind batch normalization."""

from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.conversions.rewritten import functional, rewritten
from ltzoo.backbones.norm_placement import select_norms
from ltzoo.layers.feature_normalization import FeatureNormalization


@register("feature_normalization")
def feature_normalization(
    model: keras.Model, over: str = "channels", placement: str | Sequence[str] = "last"
) -> keras.Model:
    """Copy a network and divide what batch normalization returns by its norm (Table XII of Bao et al., 2024).

    Args:
        model: a functional or built sequential model; it is not changed.
        over: the norm's dimensions: "channels" is [C], at every position; "image" is [C,H,W].
        placement: behind which layers: "last" is the last one of NBN's; else see
            `ltzoo.backbones.norm_placement.select_norms`. The paper does not name the place.

    Returns:
        A functional `keras.Model` with the same name, inputs and outputs.

    Raises:
        ValueError: the model is not functional, or an argument is unknown.
    """
    model = functional(model)
    chosen = select_norms(model, "paper")[-1:] if placement == "last" else select_norms(model, placement)
    return rewritten(
        model,
        chosen,
        lambda layer: FeatureNormalization(over, name=f"{layer.name}_unit", dtype=layer.dtype_policy),
        behind=True,
    )[0]
