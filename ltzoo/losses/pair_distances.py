"""Losses on the distances between the features of a batch: range loss and lifted structure."""

from typing import Any

from keras import ops

from ltzoo.checks import received
from ltzoo.losses.discriminative_centroids import squared_distances

_SMALLEST = 1e-12
_FAR = 1e30


def range_loss(
    shares: Any,
    features: Any,
    *,
    largest: int = 2,
    margin: float = 1.0,
    intra_weight: float = 1.0,
    inter_weight: float = 1.0,
) -> Any:
    """Compute intra_weight sum_c k / sum_{i <= k} 1 / D_ci + inter_weight max(0, margin - E), a scalar.

    D_c1, .., D_ck are the k largest squared distances between two features of class c in the batch, or all of them if
    there are fewer; a class with one feature has none. E is the smallest squared distance between the mean features of
    two classes of the batch. Zhang, Fang, Wen, Li and Qiao, Range Loss for Deep Face Recognition with Long-Tailed
    Training Data, ICCV 2017; the authors released no code.

    Args:
        shares: one-hot classes `[B, C]`.
        features: x `[B, D]`, at least float32.
        largest: k.
        margin: of E.
        intra_weight, inter_weight: weights of the terms.

    Raises:
        ValueError: `largest` is below 1.
    """
    if largest < 1:
        raise ValueError(f"`largest` must be 1 or more. {received('largest', largest)}")
    own = ops.cast(shares, features.dtype)
    distances = ops.maximum(squared_distances(features, features), 0.0)
    size = features.shape[0] or ops.shape(features)[0]
    order = ops.arange(size)
    pairs = ops.logical_and(ops.matmul(own, ops.transpose(own)) > 0, order[:, None] < order[None])
    inverse, found = 0.0, 0.0
    for _ in range(largest):
        left = ops.where(pairs, distances, -ops.ones_like(distances))
        best = ops.where(own > 0, ops.max(left, axis=1)[:, None], -ops.ones_like(own))
        per_class, row = ops.max(best, axis=0), ops.argmax(best, axis=0)
        there = per_class >= 0
        inverse = inverse + ops.where(
            there, 1.0 / ops.maximum(per_class, _SMALLEST), ops.zeros_like(per_class)
        )
        found = found + ops.cast(there, features.dtype)
        column = ops.argmax(ops.take(left, row, axis=0), axis=1)
        rows = ops.one_hot(row, size, dtype=own.dtype) * ops.cast(there, own.dtype)[:, None]
        taken = ops.matmul(ops.transpose(rows), ops.one_hot(column, size, dtype=own.dtype)) > 0
        pairs = ops.logical_and(pairs, ops.logical_not(taken))
    spread = ops.sum(ops.where(found > 0, found / ops.maximum(inverse, _SMALLEST), ops.zeros_like(found)))
    counts = ops.sum(own, axis=0)
    means = ops.matmul(ops.transpose(own), features) / ops.maximum(counts, 1.0)[:, None]
    present = counts > 0
    apart = squared_distances(means, means)
    both = ops.logical_and(present[:, None], present[None])
    both = ops.logical_and(both, ops.logical_not(ops.eye(own.shape[1], dtype="bool")))
    nearest = ops.min(ops.where(both, apart, ops.full_like(apart, _FAR)))
    return intra_weight * spread + inter_weight * ops.maximum(margin - nearest, 0.0)


def lifted_structure(shares: Any, features: Any, *, margin: float = 1.0) -> Any:
    """Compute 1 / (2 |P|) sum_{(i, j) in P} max(0, J_ij)^2, a scalar.

        J_ij = log(sum_{k: y_k != y_i} exp(margin - D_ik) + sum_{k: y_k != y_j} exp(margin - D_jk)) + D_ij

    P are the pairs of features of one class, and D are Euclidean distances. The loss is 0 without such a pair or with
    one class in the batch. Oh Song, Xiang, Jegelka and Savarese, Deep Metric Learning via Lifted Structured Feature
    Embedding, CVPR 2016, as in KevinMusgrave/pytorch-metric-learning, losses/lifted_structure_loss.py.

    Args:
        shares: one-hot classes `[B, C]`.
        features: x `[B, D]`, at least float32.
        margin: 1 as published.
    """
    own = ops.cast(shares, features.dtype)
    squares = squared_distances(features, features)
    near = squares <= _SMALLEST
    distances = ops.where(
        near, ops.zeros_like(squares), ops.sqrt(ops.where(near, ops.ones_like(squares), squares))
    )
    same = ops.matmul(own, ops.transpose(own)) > 0
    others = ops.logical_not(same)
    # In logarithms: exp(margin - D) is 0 in float32 for distances above about 100.
    pushed = ops.logsumexp(ops.where(others, margin - distances, ops.full_like(distances, -_FAR)), axis=1)
    size = features.shape[0] or ops.shape(features)[0]
    valid = ops.logical_and(same, ops.logical_not(ops.eye(size, dtype="bool")))
    valid = ops.logical_and(valid, ops.any(others, axis=1)[:, None])
    joint = ops.logaddexp(pushed[:, None], pushed[None]) + distances
    terms = ops.where(valid, ops.square(ops.maximum(joint, 0.0)), ops.zeros_like(joint))
    count = ops.sum(ops.cast(valid, features.dtype))
    return ops.sum(terms) / (2.0 * ops.maximum(count, 1.0))
