"""Cross-entropy with the labels and with a balanced teacher, weighed by how wrong the teacher is (xERM)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts
from ltzoo.losses.cross_entropy import cross_entropy
from ltzoo.precision import float32_or_float64

_EPSILON = 1e-5


def cross_domain_risk(
    labels: Any,
    logits: Any,
    teacher_logits: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    gamma: float = 1.5,
) -> Any:
    """Compute the loss of xERM per sample, with a teacher's logits f.

        f' = f - log(n / N)                                     the teacher for a balanced test set
        a = CE(y, f')^gamma,   b = CE(y, f)^gamma,   w = a / (a + b + 1e-5)
        loss = w sum_c -softmax(f')_c log softmax(z)_c + (1 - w) CE(y, z)

    Zhu, Niu, Hua and Zhang, Cross-Domain Empirical Risk Minimization for Unbiased Long-Tailed Classification, AAAI
    2022, as in the released BeierZhu/xERM, xERM.PC.public/loss/xERMLoss.py. The teacher is constant.

    Args:
        labels: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        logits: z [batch, C].
        teacher_logits: f [batch, C].
        class_counts: training images per class n [C], with the sum N.
        gamma: 1.5 on CIFAR-100-LT and 2 on ImageNet-LT in the released configurations.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    dtype = float32_or_float64(logits.dtype)
    logits, factual = ops.cast(logits, dtype), ops.stop_gradient(ops.cast(teacher_logits, dtype))
    prior = ClassCounts(class_counts).require(logits.shape[-1]).prior
    balanced = factual - ops.convert_to_tensor(np.log(prior), dtype=dtype)
    errors = [ops.power(cross_entropy(labels, found), gamma) for found in (balanced, factual)]
    weight = errors[0] / (errors[0] + errors[1] + _EPSILON)
    learned = -ops.sum(ops.softmax(balanced, axis=-1) * ops.log_softmax(logits, axis=-1), axis=-1)
    return weight * learned + (1.0 - weight) * cross_entropy(labels, logits)
