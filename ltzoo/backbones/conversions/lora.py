"""Low-rank updates (LoRA) of linear layers in any network."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.additions import choose, copy_of, with_additions
from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.backbones.lightly_tuned import LightlyTuned
from ltzoo.checks import Positive, Seed, Size
from ltzoo.layers.low_rank_update import LowRankUpdate

_LINEAR = (keras.layers.Dense, keras.layers.EinsumDense)
_DENSE = "...x,xy->...y"


@register("lora")
def lora(
    backbone: keras.Model,
    rank: Size = 4,
    alpha: Positive | None = None,
    patterns: Sequence[str] | None = None,
    seed: Seed | None = None,
) -> LightlyTuned:
    """Copy a network so that chosen linear layers return y + (alpha / r) x A B (Hu et al., LoRA, ICLR 2022).

    B starts at zero, so the network's outputs do not change. `Stage(trainable=["lora_*"], batch_norm="frozen")` trains
    A, B and the head and leaves the network's own weights unchanged. See `ltzoo.layers.LowRankUpdate` for the formula
    and the initial weights. Apply other conversions first, since the result is not a functional model.

    Args:
        backbone: a network that can be rebuilt from its configuration, such as a KerasHub image encoder. It is not
            changed.
        rank: r.
        alpha: numerator of the factor; None means r, a factor of 1. LIFT's code has 1.
        patterns: `Dense` and `EinsumDense` layers to update, as patterns (see `fnmatch`) of their names or paths, such
            as `"*/mlp/dense_1"`. None: query and value projections, as in both papers, or the layer that makes query,
            key and value together.
        seed: seed of A; `ltzoo.models.build` provides it.

    Returns:
        A `LightlyTuned` model.

    Raises:
        ValueError: a pattern matches no layer, or a layer's product has an axis that inputs and outputs share.
    """
    backbone = copy_of(backbone)
    if patterns is None:
        paths = [path for _, path, layer in inner_layers(backbone) if isinstance(layer, _LINEAR)]
        joint = not any("query" in path for path in paths) and any("qkv" in path for path in paths)
        patterns = ("*qkv*",) if joint else ("*query*", "*value*")
    items = []
    for key, path, layer in choose(backbone, _LINEAR, patterns):
        equation = layer.equation if isinstance(layer, keras.layers.EinsumDense) else _DENSE
        update = LowRankUpdate(equation, layer.kernel.shape, rank, alpha, dtype=layer.dtype_policy)
        items.append((key, key, path, update, None))
    return with_additions(backbone, "lora", items, seed)
