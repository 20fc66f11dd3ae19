"""Experts asked one after another while a router finds it worthwhile (RIDE's second stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few, Fraction, Positive, PositiveInt, Size
from ltzoo.heads.experts import ExpertsHead
from ltzoo.heads.inputs import pool
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import unit_length
from ltzoo.losses.expert_routing import ensemble_logits


@register("routed_experts")
@keras.saving.register_keras_serializable(package="ltzoo")
class RoutedExpertsHead(ExpertsHead):
    """Average the logits of the first k experts, with k chosen per image (RIDE, Wang et al. 2021, Section 4.3).

    After expert k = 1 .. E - 1 a small network decides whether to ask expert k + 1 too:

        h_k = relu(W_k f_k / |f_k| + b_k)
        r_k = v^T [the largest mean logits of experts 1 .. k, in falling order ; h_k] + c

    It is asked if sigmoid(r_k) > threshold and all experts up to k were asked. Training always uses all experts,
    also with the technique "expert_router", which teaches the router.

    This layer computes all experts and leaves those not asked out of the mean. `experts_used` is the number that a
    sequential implementation would compute.

    Args:
        num_classes, scale, num_experts, head, class_counts: as in `ExpertsHead`.
        top_choices: number of largest logits that the router sees; all if there are fewer classes. The published
            configuration for CIFAR-100-LT has 30.
        hidden_units: length of h; 16 in the published code.
        share_output: use one v and c for all k (published default), or one for each.
        threshold: probability above which the next expert is asked.
        freeze_experts: never train the inner heads, so that a stage with `trainable="head"` trains the router
            alone, as published.

    Raises:
        ValueError: fewer than two experts, a threshold outside (0, 1), or `top_choices` or `hidden_units` below 1.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        num_experts: Few = 3,
        head: Mapping[str, Any] | None = None,
        class_counts: Sequence[int] | np.ndarray | None = None,
        top_choices: PositiveInt = 30,
        hidden_units: Size = 16,
        share_output: bool = True,
        threshold: Fraction = 0.5,
        freeze_experts: bool = True,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, num_experts, head, class_counts, name, **kwargs)
        if num_experts < 2:
            raise ValueError(f"`num_experts` must be 2 or more to route. Received: num_experts={num_experts}")
        if not 0 < threshold < 1:
            raise ValueError(f"`threshold` must be between 0 and 1. Received: threshold={threshold}")
        self.top_choices = int(top_choices)
        self.hidden_units = int(hidden_units)
        self.share_output = bool(share_output)
        self.threshold = float(threshold)
        self.freeze_experts = bool(freeze_experts)
        self.hidden = [
            self._dense(self.hidden_units, f"hidden{k}", "relu") for k in range(1, self.num_experts)
        ]
        names = ["decision"] if self.share_output else [f"decision{k}" for k in range(1, self.num_experts)]
        self.decisions = [self._dense(1, name, None) for name in names]
        self._freeze()

    def _dense(self, units, name, activation):
        return keras.layers.Dense(
            units, activation=activation, kernel_initializer="he_normal", dtype="float32", name=name
        )

    @property
    def trainable(self) -> bool:
        """True if the router trains, and the experts unless they are frozen."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.__set__(self, value)
        self._freeze()

    def _freeze(self):
        if self.freeze_experts:
            for expert in self.experts:
                expert.trainable = False

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        size = input_shape[-1] // self.num_experts
        choices = min(self.top_choices, self.num_classes)
        for layer in self.hidden:
            layer.build((None, size))
        for layer in self.decisions:
            layer.build((None, choices + self.hidden_units))

    def routing_logits(self, inputs: Any, ensembles: Any) -> Any:
        """Return r, `[batch, E - 1]`; above logit(threshold) one more expert is asked.

        Args:
            inputs: the features.
            ensembles: mean logits of the first 1 .. E experts, `[batch, E, C]`; see `ensemble_logits`.
        """
        choices = min(self.top_choices, self.num_classes)
        results = []
        for k, (layer, part) in enumerate(zip(self.hidden, self.parts(inputs)[:-1], strict=True)):
            features = pool(ops.cast(part, "float32"))
            largest = ops.top_k(ops.cast(ensembles[:, k], "float32"), choices, sorted=True)[0]
            hidden = layer(unit_length(features, axis=-1))
            decision = self.decisions[0 if self.share_output else k]
            results.append(decision(ops.concatenate([largest, hidden], axis=-1)))
        return ops.concatenate(results, axis=-1)

    def experts_used(self, inputs: Any) -> Any:
        """Return the number of experts used per image, `[batch]` integers from 1 to E."""
        return self._experts_used(inputs, ensemble_logits(self.expert_logits(inputs, training=False)))

    def _experts_used(self, inputs, ensembles):
        ask = ops.sigmoid(self.routing_logits(inputs, ensembles)) > self.threshold
        # An expert is asked if none before it was declined. A sum, since ONNX has no cumulative product.
        declined = ops.cumsum(ops.cast(ops.logical_not(ask), "int32"), axis=1)
        return 1 + ops.sum(ops.cast(ops.equal(declined, 0), "int32"), axis=1)

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`."""
        ensembles = ensemble_logits(self.expert_logits(inputs, training=training))
        if training:
            return ensembles[:, -1]
        used = self._experts_used(inputs, ensembles)
        chosen = ops.one_hot(used - 1, self.num_experts, dtype=ensembles.dtype)
        return ops.sum(ops.expand_dims(chosen, -1) * ensembles, axis=1)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "top_choices": self.top_choices,
            "hidden_units": self.hidden_units,
            "share_output": self.share_output,
            "threshold": self.threshold,
            "freeze_experts": self.freeze_experts,
        }


def mean_experts_used(head: RoutedExpertsHead, features: np.ndarray, batch_size: int = 1024) -> float:
    """Return the mean number of experts per image, 1 to E: the cost of prediction in experts.

    Args:
        head: the head of a classifier, such as `classifier.head`.
        features: the head's inputs, `[N, D]`, for example from `classifier.extract_features_on_batch(images)`.
        batch_size: features per batch.

    Raises:
        ValueError: the head has no router, or there are no features.
    """
    if not isinstance(head, RoutedExpertsHead) or len(features) == 0:
        raise ValueError(
            "`head` must be a 'routed_experts' head and `features` must not be empty. "
            f"Received: head={type(head).__name__}, {len(features)} features"
        )
    starts = range(0, len(features), batch_size)
    used = [ops.convert_to_numpy(head.experts_used(features[start : start + batch_size])) for start in starts]
    return float(np.concatenate(used).mean())
