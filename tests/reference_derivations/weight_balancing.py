"""Weight balancing: class-balanced binary cross-entropy of softmax outputs, and the projection MaxNorm.

    loss = sum_i w_{y_i} sum_k [ -y_ik log p_ik - (1 - y_ik) log(1 - p_ik) ] / (B C), p = softmax(z)
    radius = min_c |w_c| + 0.1 (max_c |w_c| - min_c |w_c|); w_c longer than it is shortened to it, the bias is free

w are the weights of the effective number of images with sum C. The radius is taken once, at the start.
"""

import numpy as np

from tests.reference_derivations._formulas import effective_number_weights, gradient, log_softmax, rounded

SOURCE = {
    "repository": "ShadeAlsha/LTR-weight-balancing",
    "commit": "e89f29273d35bb02d58204e7e450a390920c264d",
    "files": [
        "utils/class_balanced_loss.py",
        "utils/regularizers.py",
        "demo1_first-stage-training.py",
        "demo2_second-stage-training.py",
    ],
}
BETA, THRESHOLD = 0.9999, 0.1
# Batch, rate, weight decay and epochs of both stages.
STAGES = {1: (64, 0.01, 5e-3, 320), 2: (64, 0.01, 0.1, 10)}


def loss(z, labels, counts):
    weights = effective_number_weights(counts, BETA)[labels]
    p = np.exp(log_softmax(z))
    own = labels[:, None] == np.arange(len(counts))
    entropies = -np.where(own, np.log(p), np.log(1.0 - p))
    return np.sum(weights[:, None] * entropies) / z.size


def derive():
    rng = np.random.RandomState(10)
    counts = np.array([500.0, 120.0, 40.0, 9.0, 3.0])
    labels = np.array([0, 1, 2, 3, 4, 0, 4])
    logits = rounded(rng.standard_normal((7, 5)) * 1.5)
    kernel = rounded(rng.standard_normal((6, 5)) * np.array([2.0, 1.5, 1.0, 0.8, 0.5]))
    norms = np.linalg.norm(kernel, axis=0)
    radius = norms.min() + THRESHOLD * (norms.max() - norms.min())
    case = {
        "counts": counts.astype("int64"),
        "targets": labels,
        "logits": logits,
        "beta": BETA,
        "fraction": THRESHOLD,
        "loss": loss(logits, labels, counts),
        "grad": gradient(lambda z: loss(z, labels, counts), logits),
        "kernel": kernel,
        "radius": radius,
        "projected": kernel * np.where(norms > radius, radius / norms, 1.0),
    }
    for stage, values in STAGES.items():
        names = ("batch_size", "learning_rate", "weight_decay", "epochs")
        case.update({f"{name}{stage}": value for name, value in zip(names, values, strict=True)})
    return case
