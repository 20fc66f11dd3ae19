"""Cross-entropy weighted by the inverse effective number of images per class."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne
from ltzoo.class_counts import ClassCounts, effective_number_weights
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss, check_average
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def class_balanced_crossentropy(
    y_true: Any, y_pred: Any, *, class_counts: Sequence[int] | np.ndarray, beta: float = 0.9999
) -> Any:
    """Compute the class-balanced softmax loss per sample: -sum_k w_k y_k log softmax(z)_k.

    The weights w_k = C (1 - beta) / (1 - beta^n_k) / sum_j (1 - beta) / (1 - beta^n_j) sum to C.

    Class-Balanced Loss Based on Effective Number of Samples (Cui et al., CVPR 2019), Eq. 2 and 10.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        beta: in [0, 1). 0 gives equal weights; close to 1 the weights approach 1 / n_k.

    Returns:
        loss per sample [batch], in float32 or float64, not divided by any sum of weights.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    weights = ops.convert_to_tensor(effective_number_weights(counts, beta), dtype=logits.dtype)
    labels = soft_labels(y_true, logits.shape[-1], logits.dtype) * weights
    return -ops.sum(labels * ops.log_softmax(logits, axis=-1), axis=-1)


@register("class_balanced_crossentropy")
@keras.saving.register_keras_serializable(package="ltzoo")
class ClassBalancedCrossentropy(FunctionLoss):
    """Class-balanced softmax loss; see `class_balanced_crossentropy`.

    Args:
        class_counts: training images per class n [C].
        beta: in [0, 1); 0.9 to 0.9999 in the paper.
        average: "weights" (default): the mean over the batch is sum_i l_i / sum_i w_i, as in PyTorch's weighted
            cross-entropy, Cao et al. (LDAM-DRW) and later code. Steps then do not grow with the number of rare images
            in the batch. "batch": sum_i l_i / B with batch size B, as in the original TensorFlow code.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid, `beta` is outside [0, 1), or `average` is unknown.
    """

    function = staticmethod(class_balanced_crossentropy)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        beta: BelowOne = 0.9999,
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
        """Return the arguments of `class_balanced_crossentropy`."""
        return {"class_counts": self.class_counts, "beta": self.beta}

    def mean_weights(self):
        """Return the class weights [C] for `average="weights"`, else None."""
        return self._weights if self.average == "weights" else None
