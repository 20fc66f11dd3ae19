"""A fixed correction of a classifier's outputs, and the decision rules that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, one_of
from ltzoo.precision import float32_or_float64

OUTPUTS = ("logits", "probabilities")
# Smaller probabilities count as this one: the logarithm of 0 is infinite.
SMALLEST = 1e-12


@keras.saving.register_keras_serializable(package="ltzoo")
class LogitCorrection(keras.layers.Layer):
    """Compute `z / temperature + shift` of logits z; of probabilities p, softmax(log(p) / temperature + shift).

    Nothing in it trains. The output has the kind of the input. `ltzoo.posthoc.rebalance` finds the numbers.

    Args:
        shift: number per class, `[C]`.
        temperature: T, above 0.
        outputs: "logits" or "probabilities": what comes in and goes out.
        decision: plain data that belongs to the outputs, such as prediction sets; `ltzoo.posthoc.decisions_of` reads
            it.

    Input and output: `[batch, C]`, at least float32.

    Raises:
        ValueError: `shift` has no finite number per class, or `outputs` is unknown.
    """

    @checked
    def __init__(
        self,
        shift: Sequence[float],
        temperature: Positive = 1.0,
        outputs: str = "logits",
        decision: Mapping[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        self.shift = checked_shift(shift)
        self.temperature = float(temperature)
        self.outputs = one_of("outputs", outputs, OUTPUTS)
        self.decision = None if decision is None else dict(decision)
        self.trainable = False

    def call(self, inputs):
        """Return the corrected logits or probabilities `[batch, C]`."""
        dtype = float32_or_float64(inputs.dtype)
        logits = ops.cast(inputs, dtype)
        if self.outputs == "probabilities":
            logits = ops.log(ops.maximum(logits, SMALLEST))
        logits = corrected(logits, self.temperature, self.shift)
        return ops.softmax(logits, axis=-1) if self.outputs == "probabilities" else logits

    def compute_output_shape(self, input_shape):
        """Return the shape of the input."""
        return tuple(input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "shift": self.shift.tolist(),
            "temperature": self.temperature,
            "outputs": self.outputs,
            "decision": self.decision,
        }


def corrected(logits: Any, temperature: float, shift: np.ndarray) -> Any:
    """Return `logits / temperature + shift` in the dtype of `logits`."""
    return logits * (1.0 / temperature) + ops.convert_to_tensor(shift, dtype=logits.dtype)


def checked_shift(shift: Any, num_classes: int | None = None) -> np.ndarray:
    """Return a finite number per class, float64 `[C]`.

    Raises:
        ValueError: it is anything else.
    """
    try:
        array = np.asarray(shift, "float64")
    except (TypeError, ValueError):
        array = np.empty(0)
    right = array.ndim == 1 and array.size > 0 and bool(np.isfinite(array).all())
    if not right or num_classes not in (None, len(array)):
        wanted = "class" if num_classes is None else f"of the {num_classes} classes"
        raise ValueError(
            f"`shift` must have a finite number for each {wanted}. Received: shift of shape {array.shape}"
        )
    return array
