"""Cross-entropy weighted by the inverse effective number of images of a class."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts, effective_number_weights
from ltzoo.losses.function_loss import FunctionLoss, check_average
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64


def class_balanced_crossentropy(
    y_true: Any, y_pred: Any, *, class_counts: Sequence[int] | np.ndarray, beta: float = 0.9999
) -> Any:
    """Class-balanced softmax loss of each sample: -sum_k w_k y_k log softmax(z)_k.

    w_k = C (1 - beta) / (1 - beta^n_k) / sum_j (1 - beta) / (1 - beta^n_j), which sum to C.

    Class-Balanced Loss Based on Effective Number of Samples (Cui et al., CVPR 2019), Eq. 2 and 10.

    Args:
        y_true: Integer labels [batch] or [batch, 1], or soft labels [batch, C].
        y_pred: Logits z [batch, C].
        class_counts: Training images of each class, [C].
        beta: In [0, 1). 0 gives equal weights; close to 1 they go as 1 / n_k.

    Returns:
        [batch], in float32 at least, not divided by any sum of weights.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    weights = ops.convert_to_tensor(effective_number_weights(counts, beta), dtype=logits.dtype)
    labels = soft_labels(y_true, logits.shape[-1], logits.dtype) * weights
    return -ops.sum(labels * ops.log_softmax(logits, axis=-1), axis=-1)


@register("class_balanced_crossentropy")
@keras.saving.register_keras_serializable(package="ltzoo")
class ClassBalancedCrossentropy(FunctionLoss):
    """Class-balanced softmax loss; see ``class_balanced_crossentropy``.

    Args:
        class_counts: Training images of each class, [C].
        beta: In [0, 1); 0.9 to 0.9999 in the paper.
        average: "weights": the mean over the batch is sum_i l_i / sum_i w_i, as PyTorch's weighted cross-entropy has
            it, which Cao et al. (LDAM-DRW) and later code use; the default, because a step then does not grow with
            the rare classes that are in its batch. "batch": sum_i l_i / B, the original TensorFlow code.
        reduction, name, dtype: As in ``keras.losses.Loss``.

    Raises:
        ValueError: If the counts are not valid, ``beta`` is outside [0, 1) or ``average`` is unknown.
    """

    function = staticmethod(class_balanced_crossentropy)

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        beta: float = 0.9999,
        average: str = "weights",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "class_balanced_crossentropy",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.beta = float(beta)
        self.average = check_average(average)
        self._weights = effective_number_weights(self.class_counts, self.beta)

    def function_arguments(self):
        return {"class_counts": self.class_counts, "beta": self.beta}

    def mean_weights(self):
        return self._weights if self.average == "weights" else None
