"""Layer or instance normalization in place of batch normalization, or behind it."""

from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.conversions.rewritten import functional, rewritten
from ltzoo.backbones.norm_placement import select_norms
from ltzoo.checks import one_of

KINDS = ("layer", "instance")


@register("other_normalization")
def other_normalization(
    model: keras.Model,
    kind: str = "layer",
    placement: str | Sequence[str] = "paper",
    behind: bool = False,
) -> keras.Model:
    """Copy a network with layer or instance normalization for batch normalization (Table XIII of Bao et al., 2024).

    Layer normalization takes mean and variance over channels and positions of an image, instance normalization over the
    positions of each channel. Both then scale and shift each channel; epsilon is 1e-5.

    The paper replaces batch normalization, or adds to it, without naming the layers. It says that NBN is replaced, so
    the default are NBN's places.

    Args:
        model: a functional or built sequential model; it is not changed.
        kind: "layer" or "instance".
        placement: which batch normalization; see `ltzoo.backbones.norm_placement.select_norms`. "C" is all of it.
        behind: keep batch normalization and put the new layer behind it.

    Returns:
        A functional `keras.Model` with the same name, inputs and outputs.

    Raises:
        ValueError: the model is not functional, or an argument is unknown.
    """
    one_of("kind", kind, KINDS)
    model = functional(model)
    groups = 1 if kind == "layer" else -1

    def make(layer):
        name = f"{layer.name}_{kind}" if behind else layer.name
        return keras.layers.GroupNormalization(groups, epsilon=1e-5, name=name, dtype=layer.dtype_policy)

    return rewritten(model, select_norms(model, placement), make, behind=behind)[0]
