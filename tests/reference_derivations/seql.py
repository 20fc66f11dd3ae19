"""SEQL (softmax equalization loss): rare classes are left out of other classes' softmax, at random.

    loss = -log [ exp(z_y) / sum_k w_k exp(z_k) ], w_k = 1 - b_k T_k (1 - [k = y]), T_k = [ n_k / N < lambda ]

b_k is 1 with probability gamma, else 0, for each image and class. The authors of the paper released the sigmoid form
for detection alone (tztztztztz/eql.detectron2); this is the softmax form by the authors of the bag of tricks.
"""

import numpy as np

from tests.reference_derivations._formulas import gradient, log_sum_exp, rounded

SOURCE = {
    "repository": "zhangyongshun/BagofTricks-LT",
    "commit": "ce7859a930649d10fb2a4fd4ed9242007eb25e2f",
    "files": [
        "lib/loss/loss_impl/equalization_loss.py",
        "lib/config/default.py",
        "configs/cao_cifar/re_weighting/seql/cifar10_im100.yaml",
        "configs/cao_cifar/re_weighting/seql/cifar10_im50.yaml",
        "configs/cao_cifar/re_weighting/seql/cifar100_im100.yaml",
        "configs/cao_cifar/re_weighting/seql/cifar100_im50.yaml",
    ],
}
GAMMA = 0.9
# Dataset, its images in the largest class, its classes, imbalance factor: lambda.
LAMBDA = {
    ("cifar10_lt", 5000, 10, 100): 0.05,
    ("cifar10_lt", 5000, 10, 50): 0.05,
    ("cifar100_lt", 500, 100, 100): 0.005,
    ("cifar100_lt", 500, 100, 50): 0.006,
}


def loss(z, labels, counts, draws, limit):
    rare = counts / counts.sum() < limit
    own = labels[:, None] == np.arange(len(counts))
    weight = 1.0 - draws * rare * (1.0 - own)
    total = 0.0
    for i, label in enumerate(labels):
        terms = (z[i] + np.log(np.where(weight[i] > 0, weight[i], 1.0)))[weight[i] > 0]
        total = total + log_sum_exp(terms) - z[i, label]
    return total / len(labels)


def derive():
    rng = np.random.RandomState(5)
    counts = np.array([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50], "float64")
    labels = np.array([0, 5, 8, 9, 2, 7, 1])
    logits = rounded(rng.standard_normal((7, 10)) * 2.0)
    draws = (rng.uniform(size=(7, 10)) < GAMMA).astype("float64")
    limit = LAMBDA["cifar10_lt", 5000, 10, 100]
    case = {
        "counts": counts.astype("int64"),
        "targets": labels,
        "logits": logits,
        "draws": draws,
        "gamma": GAMMA,
        "loss": loss(logits, labels, counts, draws, limit),
        "grad": gradient(lambda z: loss(z, labels, counts, draws, limit), logits),
        "loss_expected_weights": loss(logits, labels, counts, np.full_like(draws, GAMMA), limit),
    }
    for (dataset, largest, classes, factor), value in LAMBDA.items():
        exponent = np.arange(classes) / (classes - 1.0)
        per_class = np.floor(largest * (1.0 / factor) ** exponent + 1e-9)
        case[f"lambda_{dataset}_{factor}"] = value
        case[f"rare_{dataset}_{factor}"] = (per_class / per_class.sum() < value).astype("float64")
    return case
