"""Corrections in any Keras model: a layer after its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.layers.logit_correction import LogitCorrection
from ltzoo.posthoc.correction import Correction, unchanged
from ltzoo.posthoc.decisions import Decisions

_NAME = "logit_correction"


def without_added_layer(model: keras.Model) -> keras.Model:
    """Return the model before `with_added_layer`; any other model unchanged."""
    last = _last(model)
    return model if last is None else keras.Model(model.inputs, last.input, name=model.name)


def with_added_layer(
    model: keras.Model,
    kind: str,
    correction: Correction | None = None,
    decisions: Decisions | None = None,
    facts: Mapping[str, Any] | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> keras.Model:
    """Return a functional model with a `LogitCorrection` after `model`, whose layers it shares.

    Args:
        model: a model with one output `[batch, C]`.
        kind: what `model` returns: "logits" or "probabilities".
        correction: numbers for the logits; None keeps what is there.
        decisions: prediction sets and a threshold; None keeps what is there.
        facts: further plain data to store with them.
        input_shape: shape of one input, for a model that does not know it.

    Raises:
        ValueError: the model has several outputs, or no input shape is known.
    """
    plain = without_added_layer(model)
    if correction is None:
        correction = _correction_of(model, int(plain.output_shape[-1]))
    decisions = keras_decisions(model) if decisions is None else decisions
    if decisions.unknown is not None and decisions.unknown.bank is not None:
        raise ValueError(
            '`method` must be "softmax" or "energy": a Keras model does not say which layer has its features. '
            'Received: method="knn"'
        )
    layer = LogitCorrection(
        correction.shift.tolist(),
        correction.temperature,
        kind,
        {
            "correction": {key: value for key, value in correction.to_dict().items() if key != "shift"},
            **(facts or {}),
            **decisions.to_dict(),
        },
        name=_NAME,
    )
    inputs, outputs = _ends(plain, input_shape)
    if not hasattr(outputs, "shape") or len(outputs.shape) != 2:
        raise ValueError(f"`model` must have one output [batch, classes]. Received: {outputs!r:.200}")
    return keras.Model(inputs, layer(outputs), name=model.name)


def keras_decisions(model: keras.Model) -> Decisions:
    """Return the decision rules in the last layer of a model; empty ones if there are none."""
    last = _last(model)
    return Decisions() if last is None else Decisions.from_dict(last.decision)


def _correction_of(model, num_classes):
    last = _last(model)
    if last is None:
        return unchanged(num_classes)
    known = (last.decision or {}).get("correction") or {}
    return Correction(
        last.temperature, float(known.get("prior_share", 0.0)), last.shift, known.get("steps", "prior")
    )


def _last(model: Any) -> Any:
    layers = getattr(model, "layers", None) or [None]
    return layers[-1] if isinstance(layers[-1], LogitCorrection) else None


def _ends(model: Any, input_shape: Any) -> tuple[Any, Any]:
    """Return the symbolic inputs and outputs of a model, called anew if it has none of its own."""
    try:
        inputs, outputs = model.inputs, model.outputs
    except (AttributeError, ValueError):
        inputs = outputs = None
    if inputs and outputs:
        return inputs, outputs[0] if len(outputs) == 1 else outputs
    if input_shape is None:
        raise ValueError(
            "`model` must know its inputs; call it once on images, or build it as a functional model. "
            f"Received: a {type(model).__name__} without inputs"
        )
    made = keras.Input(tuple(input_shape))
    return made, model(made, training=False)
