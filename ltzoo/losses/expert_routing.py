"""When an image needs one more expert, and the loss that teaches it."""

from typing import Any

from keras import ops

from ltzoo.contracts.label_tensors import label_indices
from ltzoo.precision import float32_or_float64


def ensemble_logits(expert_logits: Any) -> Any:
    """Return the mean logits of the first expert, of the first two, and so on.

    Args:
        expert_logits: logits [batch, E, C] of E experts.

    Returns:
        [batch, E, C] in float32 or float64; entry k is the mean over experts 0 .. k.
    """
    dtype = float32_or_float64(expert_logits.dtype)
    sums = ops.cumsum(ops.cast(expert_logits, dtype), axis=1)
    sizes = ops.cast(ops.arange(1, expert_logits.shape[1] + 1), dtype)
    return sums / ops.reshape(sizes, (1, -1, 1))


def more_experts_help(y_true: Any, ensembles: Any) -> Any:
    """Return, for k = 1 .. E - 1, whether the first k experts are jointly wrong and a larger group is right.

    RIDE (Wang et al., ICLR 2021), Section 4.3. The groups follow the published code: the paper judges expert k alone,
    while the code judges the first k together, as prediction does.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels [batch, C], whose largest class counts.
        ensembles: [batch, E, C] from `ensemble_logits`.

    Returns:
        zeros and ones [batch, E - 1], in the dtype of `ensembles`; NaN for what is no label.
    """
    num_experts, num_classes = ensembles.shape[1:]
    labels, known = label_indices(y_true, num_classes)
    right = ops.cast(
        ops.equal(ops.argmax(ensembles, axis=-1), ops.expand_dims(labels, axis=1)), ensembles.dtype
    )
    helps = [(1.0 - right[:, k]) * ops.max(right[:, k + 1 :], axis=1) for k in range(num_experts - 1)]
    helps = ops.where(ops.expand_dims(known, 1), ops.stack(helps, axis=1), float("nan"))
    return ops.stop_gradient(helps)


def positive_weighted_binary_cross_entropy(targets: Any, logits: Any, positive_weight: float = 1.0) -> Any:
    """Compute -w t log s(x) - (1 - t) log(1 - s(x)) for each entry, with the logistic function s.

    Args:
        targets: t in [0, 1].
        logits: x of the same shape.
        positive_weight: w.

    Returns:
        loss per entry, in the shape of `logits` and in float32 or float64.
    """
    dtype = float32_or_float64(logits.dtype)
    logits, targets = ops.cast(logits, dtype), ops.cast(targets, dtype)
    return -positive_weight * targets * ops.log_sigmoid(logits) - (1.0 - targets) * ops.log_sigmoid(-logits)
