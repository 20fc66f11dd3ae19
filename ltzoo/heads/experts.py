"""One classifier per expert (RIDE)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few, Positive, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import takes_map
from ltzoo.heads.registry import begin, get, register
from ltzoo.protocols import StageView


@register("experts")
@keras.saving.register_keras_serializable(package="ltzoo")
class ExpertsHead(keras.layers.Layer):
    """Average the logits of E classifiers, each on its own part of the features (RIDE, Wang et al. 2021, Section 4.1).

    The features [f_1 ; ... ; f_E] come from a backbone with the conversion "experts".

    Args:
        num_classes: number of classes C.
        scale: scale of the inner heads; settable if they have one.
        num_experts: E.
        head: `{"name": ..., arguments}` of the inner heads; default `{"name": "normalized_dense"}`, as published
            (with scale 30).
        class_counts: training images per class, for inner heads that take them.

    Input: pooled features `[batch, D]` with D = E D_e, or maps `[batch, h, w, D]` if the inner heads take maps.
    Output: `[batch, C]`, at least float32. `layer.experts` is the list of inner heads.

    Raises:
        ValueError: `num_experts` is below 1 or does not divide the number of features.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        num_experts: Few = 3,
        head: Mapping[str, Any] | None = None,
        class_counts: Sequence[int] | np.ndarray | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        self.num_classes = int(num_classes)
        self.num_experts = int(num_experts)
        self.head_config = {"name": "normalized_dense"} if head is None else dict(head)
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self._given_scale = scale
        context = {} if self.class_counts is None else {"class_counts": self.class_counts}
        self.experts: list[Any] = [
            get(self.head_config, self.num_classes, scale, name=f"expert{number}", **context)
            for number in range(1, self.num_experts + 1)
        ]

    @property
    def takes_feature_map(self) -> bool:
        """True if the inner heads take maps."""
        return takes_map(self.experts[0])

    @property
    def scale(self) -> float:
        """The scale of the inner heads, if they have one."""
        return self.experts[0].scale

    @scale.setter
    def scale(self, value: float) -> None:
        self._given_scale = value
        for expert in self.experts:
            expert.scale = value

    def build(self, input_shape):
        """Create the weights."""
        if input_shape[-1] % self.num_experts:
            raise ValueError(
                "`num_experts` must divide the number of features; use the backbone conversion 'experts' with the same "
                f"`num_experts`. Received: num_experts={self.num_experts}, features of shape {tuple(input_shape)}"
            )
        size = input_shape[-1] // self.num_experts
        for expert in self.experts:
            if not expert.built:
                expert.build((*input_shape[:-1], size))
        self.built = True

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Let every inner head begin with its own part of the features.

        Args:
            previous: the previous stage's head; experts continue from experts.
            context: a `StageContext`.
        """
        before = [None] * self.num_experts
        if isinstance(previous, ExpertsHead) and previous.num_experts == self.num_experts:
            before = previous.experts
        for number, (expert, earlier) in enumerate(zip(self.experts, before, strict=True)):
            own: Any = _ExpertContext(context, number, self.num_experts)
            begin(expert, earlier, own)

    def parts(self, inputs: Any) -> list[Any]:
        """Return the features of each expert, a list of E arrays."""
        return ops.split(inputs, self.num_experts, axis=-1)

    def expert_logits(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the logits of every expert, `[batch, E, C]`."""
        parts = zip(self.experts, self.parts(inputs), strict=True)
        return ops.stack([expert(part, training=training) for expert, part in parts], axis=1)

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`."""
        return ops.mean(self.expert_logits(inputs, training=training), axis=1)

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return (input_shape[0], self.num_classes)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": self.scale if self._given_scale is not None else None,
            "num_experts": self.num_experts,
            "head": dict(self.head_config),
            "class_counts": None if self.class_counts is None else self.class_counts.tolist(),
        }


class _ExpertContext:
    """A `StageContext` of which one expert sees its own part of all features."""

    def __init__(self, context: StageView, number: int, num_experts: int) -> None:
        self._context, self._number, self._num_experts = context, number, num_experts

    def __getattr__(self, name):
        return getattr(self._context, name)

    def _part(self, features):
        return np.split(features, self._num_experts, axis=-1)[self._number]

    def features(self):
        """Pooled training features of this expert, and their labels."""
        features, labels = self._context.features()
        return self._part(features), labels

    def val_features(self):
        """The same of the validation images, or None."""
        found = self._context.val_features()
        return None if found is None else (self._part(found[0]), found[1])

    def feature_maps(self, positions):
        """Feature maps of this expert."""
        return self._part(self._context.feature_maps(positions))
