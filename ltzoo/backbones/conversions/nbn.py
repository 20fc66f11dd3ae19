"""Convert batch normalization to normalized batch normalization (NBN) in functional networks and KerasHub's models."""

from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.nbn_magnitudes import (
    check_arguments,
    check_norms,
    magnitude_names,
    starting_magnitudes,
)
from ltzoo.backbones.conversions.nbn_within import convert_within, holds_network
from ltzoo.backbones.conversions.registry import register
from ltzoo.backbones.norm_placement import select_norms
from ltzoo.checks import NonNegative
from ltzoo.layers.normalized_batch_normalization import NormalizedBatchNormalization
from ltzoo.layers.shared_magnitude import SharedMagnitude
from ltzoo.variables import assign_copy


@register("nbn")
def convert_batch_normalization(
    model: keras.Model,
    placement: str | Sequence[str] = "paper",
    sharing: str = "all",
    *,
    groups: Sequence[str] | None = None,
    learn_magnitude: bool = True,
    normalize: bool = True,
    bias_radius: NonNegative = 0.1,
    magnitude: float = 1.0,
    initialization: str = "auto",
) -> keras.Model:
    """Copy a network and turn chosen batch normalization layers into NBN layers (Bao et al., 2024, section III).

    All other layers keep their weights; the new layers keep names and moving averages. The magnitudes become layers of
    the graph, `SharedMagnitude`, whose names begin with "magnitude". `Stage(trainable=["magnitude*"])` trains only
    them and the classifier (NBN* in Table VIII).

    A detector of KerasHub, or another model of KerasHub around a backbone, keeps its class, and its layers change
    where they are: its `backbone` becomes an `ltzoo.backbones.NormalizedWithin`, which owns the magnitudes. Compile the
    result again. Table XIV of the paper is about such models (docs/detection.md).

    Args:
        model: a functional or built sequential model, or a backbone or task of KerasHub; it is not changed.
        placement: which layers to convert: "paper", "A", "B" or "C" of Table VI, or a list of patterns of layer names;
            see `ltzoo.backbones.norm_placement.select_norms`. In a detector, "paper", "A" and "B" are places in its
            image encoder; "C" is every layer of its backbone, with the feature pyramid; a pattern may also be that of a
            path, such as "fpn/*".
        sharing: which layers share a magnitude (Table VII): "all", "partial" (the layers of one residual block), or
            "none" (each layer has its own).
        groups: with `sharing="all"`, patterns of layer names. Layers that match the same pattern share a magnitude;
            layers that match none share another. `["expert1_*", "expert2_*"]` gives one magnitude per expert.
        learn_magnitude: train g; False fixes it ("Fix g" in Table IX).
        normalize: normalize the directions; False leaves it out ("Ours w/o. normalization" in Table IX).
        bias_radius: argument of `NormalizedBatchNormalization`; 0 is the published form of the bias.
        magnitude: initial g in a new network. With 1, as published, the effective scale of a layer with C channels
            starts at 1 / sqrt(C): 0.125 in the last stage of ResNet-32. sqrt(C) starts like a plain network.
        initialization: "published" ignores the old weights: directions of ones, zero offsets, g = `magnitude`. "keep"
            preserves the network's outputs: g is the mean length of the old scales that share it, the directions are
            the old ones, and fixed factors in each layer hold the rest
            (`NormalizedBatchNormalization.represent`). "auto" means "keep" if any chosen layer was trained, else
            "published".

    Returns:
        A functional `keras.Model` with the same name, inputs and outputs; of a backbone of KerasHub that holds another
        network, a `NormalizedWithin`.

    Raises:
        ValueError: the model is not functional, no layer is found, a chosen layer is an NBN layer or has no scale, the
            layers are in a nested model, or an argument is unknown.
    """
    check_arguments(sharing, groups, initialization)
    convert = convert_within if holds_network(model) else _convert_graph
    return convert(
        model,
        placement,
        sharing,
        groups=groups,
        learn_magnitude=learn_magnitude,
        normalize=normalize,
        bias_radius=bias_radius,
        magnitude=magnitude,
        initialization=initialization,
    )


def _convert_graph(
    model,
    placement,
    sharing,
    *,
    groups,
    learn_magnitude,
    normalize,
    bias_radius,
    magnitude,
    initialization,
):
    """Convert a functional model by cloning it; the magnitudes become layers of the graph."""
    model = _functional(model)
    chosen = {layer.name: layer for layer in select_norms(model, placement)}
    check_norms(chosen.values())
    group_of = magnitude_names(model, list(chosen), sharing, groups)
    keep, starts = starting_magnitudes(chosen, group_of, initialization, magnitude, normalize)
    magnitudes, clones = {}, []

    def clone(layer):
        if not isinstance(layer, keras.layers.Layer):
            return layer
        if layer.name in chosen:
            copy = _normalized(layer, normalize=normalize, bias_radius=bias_radius)
        else:
            copy = type(layer).from_config(layer.get_config())
        clones.append((layer, copy))
        return copy

    def call(layer, *arguments, **keywords):
        group = group_of.get(getattr(layer, "name", ""))
        if group is None:
            return layer(*arguments, **keywords)
        inputs = arguments[0]
        if group not in magnitudes:
            # Any tensor would do; the first one places the magnitude next to its layers in the graph.
            shared = SharedMagnitude(starts[group], learn_magnitude, name=group, dtype=layer.dtype_policy)
            magnitudes[group] = shared(inputs)
        return layer([inputs, magnitudes[group]], *arguments[1:], **keywords)

    converted = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for old, new in clones:
        if old.name in chosen:
            _copy_normalized(old, new, starts[group_of[old.name]] if keep else None)
        else:
            for source, target in zip(old.variables, new.variables, strict=True):
                assign_copy(target, source)
    return converted


def _copy_normalized(old, new, magnitude):
    """Copy the moving averages; with a magnitude also make `new` compute what `old` computes."""
    assign_copy(new.moving_mean, old.moving_mean)
    assign_copy(new.moving_variance, old.moving_variance)
    if magnitude is not None:
        gamma, beta = (
            None if variable is None else keras.ops.convert_to_numpy(variable)
            for variable in (old.gamma, old.beta)
        )
        new.represent(gamma, beta, magnitude)


def _functional(model):
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise ValueError(
            "`model` must be a functional keras.Model, made from inputs and outputs. "
            f"Received: model of type {type(model).__name__}"
        )
    return model


def _normalized(layer, **arguments):
    config = layer.get_config()
    for key in ("scale", "renorm", "renorm_clipping", "renorm_momentum", "synchronized"):
        config.pop(key, None)
    # A scale that starts at zero, as in some ResNets, has no direction.
    config["gamma_initializer"] = "ones"
    return NormalizedBatchNormalization.from_config({**config, **arguments})
