"""Attraction of features to the centroid of their class, and repulsion from the others (OLTR)."""

from typing import Any

from keras import ops


def discriminative_centroids(
    labels: Any,
    features: Any,
    centroids: Any,
    *,
    weight: float = 0.01,
    margin: float = 10.0,
    repulsion: float = 0.01,
) -> Any:
    """Compute weight (1 / (2 B) sum_i |x_i - M_{y_i}|^2 + repulsion max(0, margin - r)), a scalar.

        r = 1 / (B C) sum_i sum_{c != y_i} |x_i - M_c|^2

    for a batch of B features x and C centroids M (Liu et al., Large-Scale Long-Tailed Recognition in an Open World,
    CVPR 2019). The first term reaches the centroids with the gradient of center loss (Wen et al., ECCV 2016),
    without the weight, as in the released zhmiao/OpenLongTailRecognition-OLTR, loss/DiscCentroidsLoss.py:

        1 / B sum_{i: y_i = c} (M_c - x_i) / (1 + n_c), for n_c images of class c in the batch

    Args:
        labels: integer labels y `[B]`.
        features: x `[B, D]`, at least float32.
        centroids: M `[C, D]`.
        weight, margin, repulsion: 0.01, 10 and 0.01 as published.
    """
    centroids = ops.cast(ops.convert_to_tensor(centroids), features.dtype)
    own = ops.one_hot(labels, centroids.shape[0], dtype=features.dtype)
    size = ops.cast(ops.shape(features)[0], features.dtype)
    centers = ops.matmul(own, centroids)
    attraction = ops.sum(ops.square(features - ops.stop_gradient(centers))) / (2.0 * size)
    others = ops.sum((1.0 - own) * squared_distances(features, centroids)) / (size * centroids.shape[0])
    repelled = ops.maximum(margin - others, 0.0)
    images = ops.matmul(own, ops.sum(own, axis=0)[:, None])
    pull = ops.sum(ops.square(ops.stop_gradient(features) - centers) / (1.0 + images)) / (2.0 * size)
    return weight * (attraction + repulsion * repelled) + pull - ops.stop_gradient(pull)


def squared_distances(features: Any, centers: Any) -> Any:
    """Return |x_i - m_c|^2 `[B, C]` of rows x `[B, D]` and m `[C, D]`; rounding may make it slightly negative."""
    squares = ops.sum(ops.square(features), axis=1, keepdims=True) + ops.sum(ops.square(centers), axis=1)
    return squares - 2.0 * ops.matmul(features, ops.transpose(centers))
