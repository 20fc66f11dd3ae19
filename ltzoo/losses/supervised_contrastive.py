"""Contrast of embeddings with others of their class: supervised contrast, and contrast with class prototypes."""

from typing import Any

from keras import ops

_NEVER = -1e30  # A similarity that does not count; exp(_NEVER - maximum) is 0.


def mean_log_share(similarities: Any, positives: Any, allowed: Any) -> Any:
    """Compute sum_k w_ik log(exp(s_ik) / sum_{l allowed} exp(s_il)) / sum_k w_ik per row, `[N]`.

    Args:
        similarities: s `[N, K]`, at least float32.
        positives: weights w `[N, K]`, 0 where a column is no positive. A row of zeros gives 0.
        allowed: booleans `[N, K]`, or `[K]`: the columns of the denominator.
    """
    kept = ops.where(allowed, similarities, ops.full_like(similarities, _NEVER))
    shares = similarities - ops.logsumexp(kept, axis=1, keepdims=True)
    total = ops.sum(positives, axis=1)
    return ops.sum(positives * shares, axis=1) / ops.where(total > 0, total, ops.ones_like(total))


def supervised_contrastive(labels: Any, embeddings: Any, temperature: float = 0.1) -> Any:
    """Compute the supervised contrastive loss per embedding (Khosla et al., NeurIPS 2020, Eq. 2).

        loss_i = -1 / |P_i| sum_{p in P_i} log(exp(<z_i, z_p> / t) / sum_{k != i} exp(<z_i, z_k> / t))

    P_i are the other embeddings of the class of i; the loss is 0 if there are none.

    Args:
        labels: integer classes `[N]`.
        embeddings: z `[N, E]`, of length 1, at least float32; every view of an image has its own row.
        temperature: t.
    """
    similarities = ops.matmul(embeddings, ops.transpose(embeddings)) / temperature
    others = ops.logical_not(ops.eye(similarities.shape[1] or ops.shape(similarities)[1], dtype="bool"))
    same = ops.logical_and(ops.equal(labels[:, None], labels[None]), others)
    return -mean_log_share(similarities, ops.cast(same, similarities.dtype), others)


def prototypical_contrastive(labels: Any, embeddings: Any, prototypes: Any, temperature: float = 1.0) -> Any:
    """Compute -log(exp(<z_i, p_{y_i}> / t) / sum_{c != y_i} exp(<z_i, p_c> / t)) per embedding, `[N]`.

    The prototypical supervised contrastive loss of Wang et al., Contrastive Learning Based Hybrid Networks for
    Long-Tailed Image Classification, CVPR 2021. It has no lower bound of 0, since the denominator leaves out
    the class of the embedding.

    Args:
        labels: integer classes y `[N]`.
        embeddings: z `[N, E]`, of length 1, at least float32.
        prototypes: p `[C, E]`, of length 1.
        temperature: t.
    """
    similarities = ops.matmul(embeddings, ops.transpose(prototypes)) / temperature
    own = ops.one_hot(labels, similarities.shape[1], dtype=similarities.dtype)
    return -mean_log_share(similarities, own, own == 0)
