"""Base class of heads that change the logits of another head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import takes_map
from ltzoo.heads.registry import begin, get
from ltzoo.protocols import StageView


class WrappedHead(keras.layers.Layer):
    """Base of heads with an inner head, `layer.head`, whose weights and inputs they share.

    A subclass overrides `call`, and `begin` if it has weights of its own.

    Args:
        num_classes: number of classes C.
        scale: scale of the inner head, settable if it has one.
        head: `{"name": ..., arguments}` of the inner head; default `{"name": "dense"}`.
        class_counts: training images per class `[C]`, for an inner head that takes them.

    Input: the inner head's input. Output: `[batch, C]`, at least float32.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        head: Mapping[str, Any] | None = None,
        class_counts: Sequence[int] | np.ndarray | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        self.num_classes = int(num_classes)
        self.head_config = {"name": "dense"} if head is None else dict(head)
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self._given_scale = scale
        context = {} if self.class_counts is None else {"class_counts": self.class_counts}
        self.head: Any = get(self.head_config, self.num_classes, scale, name="classifier", **context)

    @property
    def takes_feature_map(self) -> bool:
        """True if the inner head takes maps."""
        return takes_map(self.head)

    @property
    def scale(self) -> float:
        """The scale of the inner head, if it has one."""
        return self.head.scale

    @scale.setter
    def scale(self, value: float) -> None:
        self._given_scale = value
        self.head.scale = value

    @property
    def kernel(self) -> Any:
        """The inner head's kernel `[D, C]`, if it has one."""
        return self.head.kernel

    def build(self, input_shape):
        """Create the weights of the inner head."""
        if not self.head.built:
            self.head.build(input_shape)
        self.built = True

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Let the inner head begin, after the inner head of another head of this kind."""
        begin(self.head, previous.head if isinstance(previous, type(self)) else previous, context)

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return (input_shape[0], self.num_classes)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": None if self._given_scale is None else self.scale,
            "head": dict(self.head_config),
            "class_counts": None if self.class_counts is None else self.class_counts.tolist(),
        }
