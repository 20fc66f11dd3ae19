"""Seesaw: cross-entropy of z + log S off the target, S_yj = min(1, n_j / n_y)^p max(1, s_j / max(s_y, eps))^q.

s = softmax(z) is constant in differentiation. The authors count the instances seen so far; here n are given. The loss
of the objectness branch is left out.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, held, log_softmax, rounded

SOURCE = {
    "repository": "open-mmlab/mmdetection",
    "commit": "08282a60904d22abc16bc8409d341ce1dd48b613",
    "files": ["mmdet/models/losses/seesaw_loss.py"],
}
P, Q, EPSILON = 0.8, 2.0, 1e-2


def loss(z, labels, counts):
    ratio = np.maximum(counts, 1.0)[None, :] / np.maximum(counts, 1.0)[labels][:, None]
    mitigation = np.where(ratio < 1.0, ratio**P, 1.0)
    scores = np.exp(log_softmax(held(z)))
    own = scores[np.arange(len(labels)), labels][:, None]
    ratio = scores / np.maximum(own, EPSILON)
    compensation = np.where(ratio > 1.0, ratio**Q, 1.0)
    others = labels[:, None] != np.arange(len(counts))
    return cross_entropy(z + np.log(mitigation * compensation) * others, labels)


def derive():
    rng = np.random.RandomState(4)
    counts = np.array([500.0, 120.0, 40.0, 9.0, 3.0])
    labels = np.array([0, 1, 2, 3, 4, 0, 4])
    logits = rounded(rng.standard_normal((7, 5)) * 2.0)
    logits[6, 4] = -6.0  # a score of the target below the bound
    return {
        "counts": counts.astype("int64"),
        "targets": labels,
        "logits": logits,
        "p": P,
        "q": Q,
        "epsilon": EPSILON,
        "loss": loss(logits, labels, counts),
        "grad": gradient(lambda z: loss(z, labels, counts), logits),
    }
