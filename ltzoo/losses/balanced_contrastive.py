"""Balanced contrastive loss: supervised contrast in which all classes weigh the same."""

from typing import Any

from keras import ops

from ltzoo.checks import one_of
from ltzoo.contracts.label_tensors import nan_without_label
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

FORMS = ("published", "paper")


def balanced_contrastive(
    labels: Any, features: Any, prototypes: Any, *, temperature: float = 0.1, form: str = "published"
) -> Any:
    """Compute the balanced contrastive loss (BCL) per embedding.

    With s_ik = <z_i, z_k> / t, B_j the embeddings of class j in the batch, c_j the prototype of class j, y the class
    of i, and P_i = (B_y minus i) and c_y:

        loss_i = -1 / |B_y| sum_{p in P_i} (s_ip - log sum_j 1 / n_j sum_{k in B_j and c_j} exp(s_ik))

    Balanced Contrastive Learning for Long-Tailed Visual Recognition (Zhu et al., CVPR 2022, Section 4). The
    denominator takes the mean over a class instead of the sum ("class-averaging"), and every batch holds a prototype
    of every class ("class-complement"). With one prototype per class and equally many embeddings of each class, it is
    the supervised contrastive loss of Khosla et al. (2020) over embeddings and prototypes, up to a constant.

    Args:
        labels: integer classes [N].
        features: z [N, E], of length 1; every view of an image has its own row.
        prototypes: c [C, E], of length 1, row j for class j.
        temperature: t. 0.1 on CIFAR; 0.07 on ImageNet-LT and iNaturalist in the published code.
        form: "published" (default) leaves i out of the denominator and of its class's mean, n_y = |B_y|, as the
            released code behind the published results does. "paper" is the formula as printed, which keeps i:
            n_y = |B_y| + 1. All other classes have n_j = |B_j| + 1 in both.

    Returns:
        loss per embedding [N], in float32 or float64. The batch loss is its mean.

    Raises:
        ValueError: if `temperature` is not above 0, or `form` is unknown.
    """
    if not temperature > 0:
        raise ValueError(f"`temperature` must be above 0. Received: temperature={temperature}")
    one_of("form", form, FORMS)
    dtype = float32_or_float64(features.dtype)
    features, prototypes = ops.cast(features, dtype), ops.cast(prototypes, dtype)
    count, classes = ops.shape(features)[0], prototypes.shape[0]
    one_hot = soft_labels(ops.reshape(labels, (-1,)), classes, dtype)
    everything = ops.concatenate([features, prototypes], axis=0)
    memberships = ops.concatenate([one_hot, ops.eye(classes, dtype=dtype)], axis=0)
    similarity = ops.matmul(features, ops.transpose(everything)) / temperature

    is_self = ops.concatenate([ops.eye(count, dtype=dtype), ops.zeros((count, classes), dtype)], axis=1)
    positive = ops.matmul(one_hot, ops.transpose(memberships)) - is_self
    class_sizes = ops.matmul(memberships, ops.reshape(ops.sum(memberships, axis=0), (-1, 1)))
    sizes = ops.broadcast_to(ops.transpose(class_sizes), ops.shape(similarity))
    terms = similarity - ops.log(sizes)
    if form == "published":
        # The class of i has at least one member besides i: its prototype.
        terms = similarity - ops.log(ops.maximum(sizes - positive, 1.0))
        terms = ops.where(is_self > 0, -float("inf"), terms)
    log_probability = similarity - ops.logsumexp(terms, axis=1, keepdims=True)
    losses = -ops.sum(positive * log_probability, axis=1) / ops.sum(positive, axis=1)
    return losses + nan_without_label(ops.reshape(labels, (-1,)), classes, dtype)
