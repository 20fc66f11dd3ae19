"""A trained head, whatever its kind, with a fixed correction of its logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, refuse
from ltzoo.heads import registry
from ltzoo.heads.inputs import takes_map
from ltzoo.heads.linear import linear_weights
from ltzoo.heads.registry import register
from ltzoo.layers.logit_correction import checked_shift, corrected
from ltzoo.precision import float32_or_float64
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy


@register("posthoc")
@keras.saving.register_keras_serializable(package="ltzoo")
class PostHoc(keras.layers.Layer):
    """Logits `z / temperature + shift` of the logits z of another head, for example after `ltzoo.posthoc.rebalance`.

    Use it in a stage with `epochs=0`: it takes the weights of the previous head, which `inner` must describe. The
    numbers of the correction do not train; the inner head does, if the stage trains.

    Args:
        num_classes: number of classes C.
        scale: scale of the inner head.
        inner: `{"name": ..., arguments}` of the inner head.
        shift: number per class `[C]`, or empty for zeros.
        temperature: T, above 0 (Guo et al., ICML 2017, Section 4.2).
        decision: plain data on prediction sets and thresholds; `ltzoo.posthoc.decisions_of` reads it.
        bank: (M, D), the shape of a store of features of training images, for the distance to known images; or None.
        class_counts: training images per class `[C]`, for inner heads that take them.

    Input: what the inner head takes. Output: logits `[B, C]`, at least float32.

    Raises:
        ValueError: `inner` is itself a "posthoc" head, or `shift` does not have C numbers.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        inner: Mapping[str, Any] | None = None,
        shift: Sequence[float] = (),
        temperature: Positive = 1.0,
        decision: Mapping[str, Any] | None = None,
        bank: Sequence[PositiveInt] | None = None,
        class_counts: Sequence[int] | np.ndarray = (),
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        if not isinstance(inner, Mapping) or inner.get("name") == "posthoc":
            refuse("inner", 'the config of a head other than "posthoc"', inner)
        self.num_classes = int(num_classes)
        self.inner_config = dict(inner)
        self.class_counts = [int(count) for count in class_counts]
        context = {"class_counts": self.class_counts} if self.class_counts else {}
        self.inner: Any = registry.get(self.inner_config, self.num_classes, scale, name="inner", **context)
        self.shift = checked_shift(shift if len(shift) else np.zeros(self.num_classes), self.num_classes)
        self.temperature = float(temperature)
        self.decision = None if decision is None else dict(decision)
        self.bank_shape = None if bank is None else tuple(int(size) for size in bank)
        self.bank: Any = None

    @property
    def scale(self) -> float | None:
        """The scale of the inner head."""
        return getattr(self.inner, "scale", None)

    @scale.setter
    def scale(self, value: float) -> None:
        self.inner.scale = value

    @property
    def takes_feature_map(self) -> bool:
        """Whether the inner head takes the map `[B, h, w, D]`."""
        return takes_map(self.inner)

    def build(self, input_shape):
        """Build the inner head, and the store of features if there is one."""
        self.inner.build(input_shape)
        if self.bank_shape is not None:
            self.bank = self.add_weight(
                name="bank", shape=self.bank_shape, initializer="zeros", trainable=False, autocast=False
            )
        self.built = True

    def call(self, inputs, training=None):
        """Return logits `[B, C]`."""
        logits = self.inner(inputs, training=training)
        dtype = float32_or_float64(logits.dtype)
        return corrected(ops.cast(logits, dtype), self.temperature, self.shift)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the weights of the previous head.

        Raises:
            ValueError: there is none, or it is of another kind than `inner`.
        """
        if previous is self:
            return
        mine = self.inner.variables
        theirs = [] if previous is None else previous.variables
        if len(mine) != len(theirs) or any(
            tuple(a.shape) != tuple(b.shape) for a, b in zip(mine, theirs, strict=True)
        ):
            raise ValueError(
                "`previous` must be the head that `inner` describes; make this the `head` of the stage after it. "
                f"Received: previous of type {type(previous).__name__}, inner={self.inner_config}"
            )
        for target, source in zip(mine, theirs, strict=True):
            assign_copy(target, source)

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the dense layer with the same logits, if `inner` is linear."""
        kernel, bias = linear_weights(self.inner)
        return kernel / self.temperature, bias / self.temperature + self.shift

    @property
    def kernel(self) -> Any:
        """The kernel of the inner head, or None."""
        return getattr(self.inner, "kernel", None)

    @property
    def class_vectors(self) -> Any:
        """The method of the inner head that returns its class vectors `[D, C]`."""
        return self.inner.class_vectors

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return (input_shape[0], self.num_classes)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": self.scale,
            "inner": self.inner_config,
            "shift": self.shift.tolist(),
            "temperature": self.temperature,
            "decision": self.decision,
            "bank": None if self.bank_shape is None else list(self.bank_shape),
            "class_counts": self.class_counts,
        }
