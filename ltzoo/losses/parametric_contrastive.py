"""Parametric contrastive loss: supervised contrast with a learned center per class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from ltzoo.checks import one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import nan_without_label, one_hot_rows
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

FORMS = ("published", "paper")


def parametric_contrastive(
    labels: Any,
    center_logits: Any,
    queries: Any,
    contrasts: Any,
    contrast_labels: Any,
    *,
    class_counts: Sequence[int] | np.ndarray | None = None,
    temperature: float = 0.05,
    center_temperature: float = 1.0,
    alpha: float = 0.01,
    beta: float = 1.0,
    form: str = "published",
) -> Any:
    """Compute the parametric contrastive loss (PaCo) per query.

    Query i of class y is compared with the centers of all classes, a_j = (z_ij + log pi_j) / t_c. It is also compared
    with all other queries and all contrasts, s_ik = <q_i, k> / t:

        log p(.) = . - log(sum_j exp(a_j) + sum_k exp(s_ik))
        loss_i = -(beta log p(a_y) + alpha sum_{k of class y} log p(s_ik)) / w_i

    with class shares pi_j = n_j / N and w_i = beta + alpha |{k of class y}|. Parametric Contrastive Learning (Cui et
    al., ICCV 2021), with its "center learning rebalance": the logarithms of the class shares, as in balanced softmax.
    Without other queries and contrasts it is balanced softmax.

    Args:
        labels: integer classes [B] of the queries.
        center_logits: z [B, C], the classifier's logits for the queries.
        queries: q [B, E], of length 1.
        contrasts: keys of this batch and of earlier ones [M, E], of length 1. No gradient reaches them.
        contrast_labels: integer classes [M]; a negative label marks an empty place of the queue, which is ignored.
        class_counts: training images per class n [C]; None leaves the class shares out.
        temperature: t. The published code has 0.05 on CIFAR-100-LT, 0.07 on ImageNet-LT and 0.2 otherwise.
        center_temperature: t_c, 1 in the published code.
        alpha: weight of samples of the same class; 0.01 on CIFAR-100-LT, 0.05 on ImageNet-LT.
        beta: weight of the class's center; 1 in the paper and in all published scripts.
        form: "published" (default) divides by w_i, as the released code behind the published results does. "paper"
            is the sum as printed, w_i = 1, which grows with the size of the queue.

    Returns:
        loss per query [B], in float32 or float64. The batch loss is its mean.

    Raises:
        ValueError: if a temperature or `beta` is not above 0, `alpha` is negative, or `form` is unknown.
    """
    if not (temperature > 0 and center_temperature > 0 and beta > 0 and alpha >= 0):
        raise ValueError(
            "`temperature`, `center_temperature` and `beta` must be above 0 and `alpha` at least 0. Received: "
            f"temperature={temperature}, center_temperature={center_temperature}, beta={beta}, alpha={alpha}"
        )
    one_of("form", form, FORMS)
    dtype = float32_or_float64(center_logits.dtype)
    centers, queries = ops.cast(center_logits, dtype), ops.cast(queries, dtype)
    contrasts = ops.stop_gradient(ops.cast(contrasts, dtype))
    classes, count = centers.shape[-1], ops.shape(queries)[0]
    if class_counts is not None:
        log_prior = np.log(ClassCounts(class_counts).prior)
        centers = centers + ops.convert_to_tensor(log_prior, dtype=dtype)
    centers = centers / center_temperature

    own = soft_labels(ops.reshape(labels, (-1,)), classes, dtype)
    # A negative label gives a row of zeros.
    others = one_hot_rows(ops.reshape(contrast_labels, (-1,)), classes, dtype)
    memberships = ops.concatenate([own, others], axis=0)
    is_self = ops.concatenate(
        [ops.eye(count, dtype=dtype), ops.zeros((count, ops.shape(contrasts)[0]), dtype)], axis=1
    )
    similarity = ops.matmul(queries, ops.transpose(ops.concatenate([queries, contrasts], axis=0)))
    similarity = similarity / temperature
    exists = ops.reshape(ops.sum(memberships, axis=1), (1, -1)) - is_self
    terms = ops.concatenate([centers, ops.where(exists > 0, similarity, -float("inf"))], axis=1)
    log_sum = ops.logsumexp(terms, axis=1, keepdims=True)

    positive = ops.matmul(own, ops.transpose(memberships)) - is_self
    total = beta * ops.sum(own * (centers - log_sum), axis=1)
    total = total + alpha * ops.sum(positive * (similarity - log_sum), axis=1)
    if form == "published":
        total = total / (beta + alpha * ops.sum(positive, axis=1))
    return nan_without_label(ops.reshape(labels, (-1,)), classes, dtype) - total
