"""Class vectors divided by a power of their length (tau-normalization)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy

# The values that the published code tries.
TAUS = np.linspace(0.0, 2.0, 21)


@register("tau_normalized")
@keras.saving.register_keras_serializable(package="ltzoo")
class TauNormalized(LinearHead):
    """Logits x W_c / |W_c|^tau without bias (Kang et al., "Decoupling", ICLR 2020, Section 4).

    A post-hoc classifier: it takes over the kernel of the head before it, for a stage with `epochs=0`. tau = 0 leaves
    the kernel as it is, tau = 1 gives all classes the same length. The bias is dropped, as in the published code.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; predictions do not depend on it, probabilities do.
        tau: the exponent; None (default) chooses it when the stage begins, out of 0, 0.1, .., 2 (the published grid),
            by the balanced accuracy (mean over the classes' accuracies) on the validation images, or on the training
            images where there are no validation images. Equal accuracies are decided by the balanced cross-entropy.
            Before that, tau is 1.
        name: of the layer.
        **kwargs: of the layer.

    A chosen tau is the weight `tau_weight`, saved with the model.

    Raises:
        ValueError: if `tau` is negative.

    Deviation: the paper chooses tau by the accuracy on a balanced validation set, where accuracy and balanced accuracy
    are the same. Validation images are worth having: a network that knows its training images by heart classifies
    them equally well over a wide range of tau.
    """

    def __init__(
        self,
        num_classes: int,
        scale: float | None = None,
        tau: float | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **{**kwargs, "use_bias": False}, name=name)
        if tau is not None and tau < 0:
            raise ValueError(f"`tau` must be at least 0, or None. Received: tau={tau}")
        self.tau = None if tau is None else float(tau)
        self.tau_weight = None

    def build(self, input_shape):
        super().build(input_shape)
        if self.tau is None:
            self.tau_weight = self.add_buffer("tau", (), "ones")

    def logits(self, features, dtype):
        tau = self.tau if self.tau_weight is None else ops.cast(self.tau_weight, dtype)
        return ops.matmul(features, tau_normalized(ops.cast(self.kernel, dtype), tau))

    def class_vectors(self):
        tau = self.tau if self.tau_weight is None else self.tau_weight.value
        return ops.convert_to_numpy(tau_normalized(self.kernel.value, tau))

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copies the kernel of the head before and chooses tau where it is None."""
        if previous is None:
            return
        if previous is not self:
            kernel = getattr(previous, "kernel", None)
            if kernel is None or tuple(kernel.shape) != tuple(self.kernel.shape):
                raise ValueError(
                    "tau-normalization goes on from a classifier with one vector a class, such as 'dense'. "
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
    """W_c / |W_c|^tau of the columns of a kernel `[D, C]`; a column of zeros stays 0."""
    squared = ops.sum(ops.square(kernel), axis=0, keepdims=True)
    # A power of a positive number: 0 would give 0 * inf here, or an infinite gradient.
    return kernel * ops.exp(-0.5 * tau * ops.log(ops.where(squared > 0, squared, ops.ones_like(squared))))


def choose_tau(kernel: np.ndarray, features: np.ndarray, labels: np.ndarray) -> float:
    """The tau of `TAUS` with the best balanced accuracy; among equals, the lowest balanced cross-entropy.

    Args:
        kernel: `[D, C]`.
        features: `[N, D]`.
        labels: integers `[N]`. Classes without images do not count.
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
