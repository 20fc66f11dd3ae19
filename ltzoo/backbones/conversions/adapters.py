"""Bottleneck adapters (AdaptFormer) next to the MLPs of a transformer or the convolutions of a network."""

from __future__ import annotations

import math
import os.path
from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.additions import choose, copy_of, with_additions
from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.backbones.lightly_tuned import LightlyTuned
from ltzoo.checks import Seed, Size
from ltzoo.layers.bottleneck_adapter import BottleneckAdapter

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


@register("adapters")
def adapters(
    backbone: keras.Model,
    rank: Size | None = None,
    patterns: Sequence[str] | None = None,
    num_classes: int | None = None,
    seed: Seed | None = None,
) -> LightlyTuned:
    """Copy a network and add a small trained branch to each MLP (AdaptFormer, Chen et al., NeurIPS 2022).

        y = MLP(x) + s (ReLU(LN(x) W_down + b_down) W_up + b_up)

    W_up starts at zero, so the network's outputs do not change. `Stage(trainable=["adapter_*"], batch_norm="frozen")`
    trains the branches and the head and leaves the network's own weights unchanged. An MLP is two consecutive `Dense`
    layers, to a larger size and back. In a network without MLPs, every convolution with a window above 1x1 gets a
    branch: a convolution with the same window and stride to r channels, ReLU, and a linear map to the convolution's
    channels. Apply other conversions first, since the result is not a functional model.

    Args:
        backbone: a network that can be rebuilt from its configuration, such as a KerasHub image encoder. It is not
            changed.
        rank: r. None: the largest power of 2 up to C / (2 L), at least 1, for C classes and L branches, so that there
            are fewer new weights than in a linear classifier (LIFT, Shi et al., ICML 2024).
        patterns: instead of the above, patterns (as in `fnmatch`) of names or paths of `Dense` and convolution layers
            that get a branch each, added before their activation.
        num_classes: C; `ltzoo.models.build` provides it.
        seed: seed of W_down; `ltzoo.models.build` provides it.

    Returns:
        A `LightlyTuned` model.

    Raises:
        ValueError: there is no place for a branch, a pattern matches no layer, or `rank` and `num_classes` are both
            missing.

    Deviation: x is the MLP's input, after the block's layer norm, as in AdaptFormer; LIFT's code takes it before that
    norm. Both have a norm inside the branch. If the block scales its MLP's output (DINOv2), the branch is scaled too.
    """
    backbone = copy_of(backbone)
    if patterns is None:
        places = _mlps(backbone) or ([] if _attends(backbone) else _convolutions(backbone))
    else:
        chosen = choose(backbone, (keras.layers.Dense, *_CONVOLUTIONS), patterns)
        places = [(entry, entry, entry[1]) for entry in chosen]
    if not places:
        raise ValueError(
            "`backbone` has neither MLPs nor convolutions; name layers by `patterns`. "
            f"Received: backbone {backbone.name!r}"
        )
    rank = _default_rank(num_classes, len(places)) if rank is None else rank
    items = []
    for first, last, path in places:
        branch, shape = _branch(first[2], last[2], rank)
        items.append((first[0], last[0], path, branch, shape))
    return with_additions(backbone, "adapter", items, seed)


def _default_rank(num_classes, branches):
    if num_classes is None:
        raise ValueError("`rank` must be the size of the bottleneck. Received: rank=None, num_classes=None")
    return 2 ** max(0, math.floor(math.log2(num_classes / (2 * branches))))


def _mlps(backbone):
    """Return (first Dense, last Dense, path) of each MLP, each layer as (key, path, layer)."""
    entries = [entry for entry in inner_layers(backbone) if isinstance(entry[2], keras.layers.Dense)]
    found, taken = [], -1
    for number in range(len(entries) - 1):
        first, last = entries[number], entries[number + 1]
        (size, hidden), (back, output) = first[2].kernel.shape, last[2].kernel.shape
        # In a SwiGLU, half of the hidden units gate the other half.
        if number > taken and output == size < hidden and back in (hidden, hidden / 2):
            taken = number + 1
            shared = os.path.commonpath([first[1], last[1]])
            found.append((first, last, shared or last[1]))
    return found


def _attends(backbone):
    return any("Attention" in type(layer).__name__ for _, _, layer in inner_layers(backbone))


def _convolutions(backbone):
    return [
        (entry, entry, entry[1])
        for entry in inner_layers(backbone)
        if type(entry[2]) in _CONVOLUTIONS and max(entry[2].kernel_size) > 1
    ]


def _branch(first, last, rank):
    """Return a branch from one layer to another, and the shape of its input."""
    if isinstance(first, keras.layers.Dense):
        branch = BottleneckAdapter(last.units, rank, dtype=last.dtype_policy)
        return branch, (None, first.kernel.shape[0])
    if first.data_format != "channels_last":
        raise ValueError(
            f"`backbone` must use channels_last. Received: {first.name!r} with {first.data_format}"
        )
    separable = isinstance(first, keras.layers.SeparableConv2D)
    kernel = first.depthwise_kernel if separable else first.kernel
    inputs = kernel.shape[2] * getattr(first, "groups", 1)
    depthwise = isinstance(first, keras.layers.DepthwiseConv2D)
    units = inputs * first.depth_multiplier if depthwise else first.filters
    window = {key: getattr(first, key) for key in ("kernel_size", "strides", "padding", "dilation_rate")}
    return BottleneckAdapter(units, rank, **window, dtype=first.dtype_policy), (None, None, None, inputs)
