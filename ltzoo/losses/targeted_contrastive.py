"""Contrast with keys, a queue and class targets on the sphere (TSC), and such targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ltzoo.losses.supervised_contrastive import mean_log_share


def targeted_contrastive(
    queries: Any,
    keys: Any,
    queue: Any,
    targets: Any,
    positives: Any,
    filled: Any,
    own_targets: Any,
    *,
    temperature: float = 0.07,
    target_weight: float = 0.2,
) -> Any:
    """Compute the loss of targeted supervised contrastive learning per query, `[B]`.

        loss_i = -1 / (2 + K_i) (log p(k_i) + sum_{j in P_i} log p(q_j) + target_weight log p(t_{y_i}))
        p = softmax over all of <z_i, .> / t: the key k_i, the queue's entries q, and the targets

    P_i are K_i positives from the queue. Li et al., Targeted Supervised Contrastive Learning for Long-Tailed
    Recognition, CVPR 2022, as in the released LTH14/targeted-supcon, moco/builder.py with the options of its README.

    Args:
        queries: z `[B, E]`, of length 1, at least float32.
        keys: k `[B, E]`, of length 1, another view of each query's image, constant.
        queue: q `[Q, E]`, of length 1, constant.
        targets: `[C, E]`, of length 1, constant.
        positives: booleans `[B, Q]`, the P_i.
        filled: booleans `[Q]`: the entries of the queue that count.
        own_targets: one-hot `[B, C]`: which target belongs to the class of a query.
        temperature: t; 0.07 as published.
        target_weight: 0.2 as published.
    """
    key = ops.sum(queries * keys, axis=1, keepdims=True)
    others = ops.matmul(queries, ops.transpose(ops.concatenate([queue, targets], axis=0)))
    similarities = ops.concatenate([key, others], axis=1) / temperature
    dtype = similarities.dtype
    positives, own_targets = ops.cast(positives, dtype), ops.cast(own_targets, dtype)
    weights = ops.concatenate([ops.ones_like(key), positives, target_weight * own_targets], axis=1)
    always = ops.ones((1 + targets.shape[0],), dtype="bool")
    allowed = ops.concatenate([always[:1], filled, always[1:]], axis=0)
    count = 2.0 + ops.sum(positives, axis=1)
    return -mean_log_share(similarities, weights, allowed) * ops.sum(weights, axis=1) / count


def uniform_targets(num_classes: int, units: int, seed: int = 0, steps: int = 2000) -> np.ndarray:
    """Return directions that are far from each other, float64 `[C, E]` of length 1.

    With C <= E + 1 they are the corners of a regular simplex, which is the minimum of mean_i log sum_j exp(<t_i, t_j> /
    0.07), in a random rotation. Otherwise steps of Adam at the rate 0.01 minimize it from a random start; the released
    code takes 10,000 at 0.001.

    Args:
        num_classes: C.
        units: E.
        seed: of the rotation or the start.
        steps: number of steps.
    """
    random = np.random.default_rng(seed)
    if num_classes <= units + 1:
        if num_classes == 1:
            return np.eye(1, units)
        corners = np.eye(num_classes) - 1 / num_classes
        basis = np.linalg.svd(corners)[2][: num_classes - 1]
        rotation = np.linalg.qr(random.normal(size=(units, units)))[0][: num_classes - 1]
        found = corners @ basis.T @ rotation
        return found / np.linalg.norm(found, axis=1, keepdims=True)
    free = random.normal(size=(num_classes, units))
    mean, square = np.zeros_like(free), np.zeros_like(free)
    for step in range(1, steps + 1):
        lengths = np.linalg.norm(free, axis=1, keepdims=True)
        rows = free / lengths
        shares = np.exp((rows @ rows.T - 1) / 0.07)
        shares /= shares.sum(axis=1, keepdims=True)
        gradient = (shares + shares.T) @ rows / (0.07 * num_classes)
        gradient = (gradient - (gradient * rows).sum(axis=1, keepdims=True) * rows) / lengths
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        free -= 0.01 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return free / np.linalg.norm(free, axis=1, keepdims=True)
