"""Disagreement of the experts of RIDE, with one temperature per class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from ltzoo.checks import one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.precision import float32_or_float64

FORMS = ("published", "paper")


def diversity_temperatures(
    class_counts: Sequence[int] | np.ndarray,
    temperature: float = 1.0,
    reweight_factor: float = 0.05,
    form: str = "published",
) -> np.ndarray:
    """Return one temperature per class, lower for rare classes, so that experts differ more on them.

    With psi_c = gamma n_c / mean(n) + 1 - gamma:

        published   T_c = T psi_c / max_j psi_j
        paper       T_c = T (psi_c + 1 - max_j psi_j)

    Both give T to the largest class. They give T to every class if the counts are uniform or gamma is 0.
    RIDE (Wang et al., ICLR 2021), Section 4.2.

    Args:
        class_counts: training images per class n [C].
        temperature: T.
        reweight_factor: gamma, 0 to 1. The published configurations use 0.05 (CIFAR-100-LT) and 0.02 (ImageNet-LT).
        form: "published" (default) or "paper". The paper's difference may fall below 0, so the released code
            replaced it with a ratio.

    Returns:
        temperatures T_c, float64 [C].

    Raises:
        ValueError: if a temperature would not be above 0, or `form` is unknown.
    """
    _check_form(form)
    counts = ClassCounts(class_counts).array.astype(np.float64)
    psi = reweight_factor * counts / counts.mean() + 1.0 - reweight_factor
    temperatures = temperature * (psi / psi.max() if form == "published" else psi + 1.0 - psi.max())
    if not np.all(temperatures > 0):
        raise ValueError(
            "`temperature` must be above 0, and `reweight_factor` small enough to keep the temperature of every "
            f"class above 0 (the smallest is {temperatures.min():.3g}). "
            f"Received: temperature={temperature}, reweight_factor={reweight_factor}"
        )
    return temperatures


def expert_diversity(
    expert_logits: Any,
    temperatures: float | Sequence[float] | np.ndarray = 1.0,
    form: str = "published",
) -> Any:
    """Compute the divergence of the experts' predictions per sample, summed over the experts.

    With p_i = softmax_c(z_ic / T_c) for expert i, and q the same for the experts' mean logits:

        published   sum_i mean(T)^2 KL(q || p_i), with q constant in differentiation
        paper       sum_i 1 / (E - 1) sum_{j != i} KL(p_i || p_j)

    RIDE (Wang et al., ICLR 2021), Section 4.2. Equal experts have a divergence of 0. A loss adds it with a *negative*
    factor.

    Args:
        expert_logits: z [batch, E, C] of E experts.
        temperatures: T, one number or one per class.
        form: "published" (default) is linear in the number of experts and produced the published results. "paper" is
            0 for a single expert, which has no others to differ from.

    Returns:
        divergence per sample [batch], in float32 or float64.

    Raises:
        ValueError: if `form` is unknown.
    """
    _check_form(form)
    dtype = float32_or_float64(expert_logits.dtype)
    logits = ops.cast(expert_logits, dtype)
    scale = np.asarray(temperatures, np.float64)
    divisor = ops.cast(ops.convert_to_tensor(scale), dtype)
    log_p = ops.log_softmax(logits / divisor, axis=-1)
    if form == "published":
        log_q = ops.stop_gradient(ops.log_softmax(ops.mean(logits, axis=1, keepdims=True) / divisor, axis=-1))
        divergence = ops.sum(ops.exp(log_q) * (log_q - log_p), axis=(1, 2))
        return divergence * float(scale.mean() ** 2)
    # sum_j KL(p_i || p_j) = E sum_c p_ic log p_ic - sum_c p_ic sum_j log p_jc; the term j = i is 0.
    num_experts = logits.shape[1]
    difference = num_experts * log_p - ops.sum(log_p, axis=1, keepdims=True)
    return ops.sum(ops.exp(log_p) * difference, axis=(1, 2)) / max(num_experts - 1, 1)


def _check_form(form):
    one_of("form", form, FORMS)
