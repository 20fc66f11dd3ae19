"""Class vectors divided by a power of their length (tau-normalization)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy

# The grid of the published code.
TAUS = np.linspace(0.0, 2.0, 21)


@register("tau_normalized")
@keras.saving.register_keras_serializable(package="ltzoo")
class TauNormalized(LinearHead):
    """Logits x W_c / |W_c|^tau without bias (Kang et al., "Decoupling", ICLR 2020, Section 4).

    A post-hoc classifier for a stage with `epochs=0`: it copies the previous head's kernel. tau = 0 keeps the kernel,
    tau = 1 gives all class vectors length 1. The bias is dropped, as in the published code.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; it changes probabilities, not predictions.
        tau: the exponent. None (default) chooses it when the stage begins, from 0, 0.1, ..., 2 (the published grid),
            by balanced accuracy (mean accuracy per class) on the validation images, or on the training images if
            there are none. Balanced cross-entropy breaks ties. Until then, tau is 1.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    A chosen tau is the weight `tau_weight`, saved with the model.

    Raises:
        ValueError: `tau` is negative.

    Deviation: the paper chooses tau by accuracy on a balanced validation set, where it equals balanced accuracy. Hold
    out validation images: a network classifies memorized training images equally well over a wide range of tau.
    """

    # Variables that `build` creates.
    tau_weight: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        tau: NonNegative | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **{**kwargs, "use_bias": False}, name=name)
        self.tau = None if tau is None else float(tau)
        self.tau_weight = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        if self.tau is None:
            self.tau_weight = self.add_buffer("tau", (), "ones")

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        tau = self.tau if self.tau_weight is None else ops.cast(self.tau_weight, dtype)
        return ops.matmul(features, tau_normalized(ops.cast(self.kernel, dtype), tau))

    def class_vectors(self):
        """Return the matrix `[D, C]` that multiplies the features, without the common scale."""
        tau = self.tau if self.tau_weight is None else self.tau_weight.value
        return ops.convert_to_numpy(tau_normalized(self.kernel.value, tau))

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous head's kernel, and choose tau if it is None."""
        if previous is None:
            return
        if previous is not self:
            kernel = getattr(previous, "kernel", None)
            if kernel is None or tuple(kernel.shape) != tuple(self.kernel.shape):
                raise ValueError(
                    "`previous` must be a classifier with one vector per class, such as 'dense'. "
                    f"Received: previous={type(previous).__name__}"
                )
            assign_copy(self.kernel, kernel)
        if self.tau is None:
            features, labels = context.val_features() or context.features()
            kernel = ops.convert_to_numpy(self.kernel.value)
            self.tau_weight.assign(choose_tau(kernel, features, labels))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "tau": self.tau}


def tau_normalized(kernel: Any, tau: Any) -> Any:
    """Return W_c / |W_c|^tau for each column of a kernel `[D, C]`; a zero column stays zero."""
    squared = ops.sum(ops.square(kernel), axis=0, keepdims=True)
    # The base must be positive: 0 would give 0 * inf, or an infinite gradient.
    return kernel * ops.exp(-0.5 * tau * ops.log(ops.where(squared > 0, squared, ops.ones_like(squared))))


def choose_tau(kernel: np.ndarray, features: np.ndarray, labels: np.ndarray) -> float:
    """Return the tau of `TAUS` with the best balanced accuracy; the lowest balanced cross-entropy breaks ties.

    Args:
        kernel: `[D, C]`.
        features: `[N, D]`.
        labels: integers `[N]`; classes without images do not count.
    """
    kernel = np.asarray(kernel, np.float64)
    length = np.linalg.norm(kernel, axis=0)
    length[length == 0] = 1.0
    scores = np.asarray(features, np.float64) @ kernel
    number = np.bincount(labels, minlength=kernel.shape[1])
    weight = 1.0 / (number[labels] * np.count_nonzero(number))

    def quality(tau):
        logits = scores / length**tau
        logits -= logits.max(axis=1, keepdims=True)
        log_likelihood = logits[np.arange(len(labels)), labels] - np.log(np.exp(logits).sum(axis=1))
        return round(weight @ (logits.argmax(axis=1) == labels), 12), weight @ log_likelihood

    return float(max(TAUS, key=quality))
