"""Low-rank updates (LoRA) of linear layers in any network."""

from __future__ import annotations

import glob
import re
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


# How libraries name projections: query, query_dense, q_proj, to_q, attention_q, qkv, in_proj, ...
_QUERY = re.compile(r"(^|_)(query|queries|q|wq)(_|$)")
_VALUE = re.compile(r"(^|_)(value|values|v|wv)(_|$)")
_JOINT = re.compile(r"(^|_)(qkv|kqv|query_key_value|in_proj)(_|$)")


def attention_patterns(paths: Sequence[str], attributes: Sequence[str] = ()) -> list[str]:
    """Return patterns for the query and value projections of attention, or else for joint projections.

    Args:
        paths: the paths of all linear layers of a network.
        attributes: for each layer, the name of the attribute that holds it, or "". Some networks leave their layers
            without names of their own, such as `self.q = Dense(...)`.

    Returns:
        the path of each such layer; `["*query*", "*value*"]`, which match nothing, if there are none.
    """
    known = dict(zip(paths, attributes or [""] * len(paths), strict=True))
    joint = [path for path in paths if _has_part(f"{path}/{known[path]}", _JOINT)]
    apart = [
        [path for path in paths if _has_part(f"{path}/{known[path]}", kind) and path not in joint]
        for kind in (_QUERY, _VALUE)
    ]
    if all(apart):
        return [glob.escape(path) for path in paths if path in apart[0] or path in apart[1]]
    return [glob.escape(path) for path in joint] or ["*query*", "*value*"]


def _attributes(layers):
    """Return the name of the attribute in which each layer is held by another one."""
    held = {}
    for parent in layers:
        # On PyTorch a layer is a module, which keeps its parts outside of its `__dict__`.
        modules = parent.named_children() if hasattr(parent, "named_children") else ()
        for name, value in [*vars(parent).items(), *modules]:
            if isinstance(value, keras.layers.Layer):
                held[id(value)] = name
    return held


def _has_part(path, kind):
    return any(kind.search(part.lower()) for part in path.split("/"))


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
            key and value together, under any usual name (`query`, `q_proj`, `to_q`, `qkv`, `in_proj`, ...).
        seed: seed of A; `ltzoo.models.build` provides it.

    Returns:
        A `LightlyTuned` model.

    Raises:
        ValueError: a pattern matches no layer, or a layer's product has an axis that inputs and outputs share.
    """
    backbone = copy_of(backbone)
    if patterns is None:
        layers = list(inner_layers(backbone))
        held = _attributes(layer for _, _, layer in layers)
        linear = [(path, held.get(id(layer), "")) for _, path, layer in layers if isinstance(layer, _LINEAR)]
        patterns = attention_patterns(*zip(*linear, strict=True)) if linear else ["*query*", "*value*"]
    items = []
    for key, path, layer in choose(backbone, _LINEAR, patterns):
        equation = layer.equation if isinstance(layer, keras.layers.EinsumDense) else _DENSE
        update = LowRankUpdate(equation, layer.kernel.shape, rank, alpha, dtype=layer.dtype_policy)
        items.append((key, key, path, update, None))
    return with_additions(backbone, "lora", items, seed)
