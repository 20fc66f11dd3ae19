"""Vector-scaling loss: logits that the class counts divide and shift."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.cross_entropy import cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def vector_scaling(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    gamma: float = 0.3,
    tau: float = 1.0,
) -> Any:
    """Compute the VS loss per sample: the cross-entropy of z / D + tau log(n / N) with D = (max n / n)^gamma.

    Label-Imbalanced and Group-Sensitive Classification under Overparameterization (Kini et al., NeurIPS 2021), Eq. 4,
    in the form of the released orparask/VS-Loss, class_imbalance/losses.py. `tau=0` is the class-dependent temperature
    (CDT) loss of Ye et al. (2020), and `gamma=0` is logit adjustment. Predictions use z itself.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C], with the sum N.
        gamma: exponent of the divisor; 0 for none.
        tau: strength of the prior; 0 for none.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    factor = (counts.array / counts.array.max()) ** gamma
    shift = tau * np.log(counts.prior)
    scaled = logits * ops.convert_to_tensor(factor, dtype=logits.dtype)
    return cross_entropy(y_true, scaled + ops.convert_to_tensor(shift, dtype=logits.dtype))


@register("vector_scaling")
@keras.saving.register_keras_serializable(package="ltzoo")
class VectorScaling(FunctionLoss):
    """VS loss on logits; see `vector_scaling`.

    Args:
        class_counts: training images per class n [C].
        gamma: exponent of the divisor; 0.3 in the released code, 0.2 for its CIFAR-10-LT with a factor of 100.
        tau: strength of the prior; 1 in the released code, 1.2 for its CIFAR-10-LT with a factor of 100.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: `gamma` or `tau` is negative, or the counts are invalid.
    """

    function = staticmethod(vector_scaling)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        gamma: NonNegative = 0.3,
        tau: NonNegative = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "vector_scaling",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.gamma = float(gamma)
        self.tau = float(tau)
