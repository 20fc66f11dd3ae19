"""LADE: cross-entropy of f + log p_s plus alpha times the regularizer LADER.

    LADER = -sum_c p_s(c) [ sum_{i of class c} f_c(x_i) / (B_c + 1e-8) - T_c - lambda T_c^2 ]
    T_c = log mean_i exp( f_c(x_i) - log(p_s(c) + 1e-9) + log(1 / C + 1e-9) )

`alpha` is the weight of the second criterion, `penalty` its lambda. The commands of the README change both.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, log_sum_exp, rounded

SOURCE = {
    "repository": "hyperconnect/LADE",
    "commit": "5db5d134720872620706025bc4dec8347ddc349b",
    "files": [
        "loss/LADELoss.py",
        "loss/PriorCELoss.py",
        "README.md",
        "config/CIFAR100_LT/lade.yaml",
        "config/ImageNet_LT/lade.yaml",
        "config/Places_LT/lade.yaml",
        "config/iNaturalist18/lade.yaml",
    ],
}
# (alpha, lambda); the first by the README for imbalance factor 100, the second by the file for factor 10.
CONSTANTS = {
    "cifar100_lt_100": (0.1, 0.01),
    "cifar100_lt_10": (0.1, 0.1),
    "imagenet_lt": (0.05, 0.5),
    "places_lt": (0.005, 0.1),
    "inaturalist2018": (0.05, 0.5),
}


def regularizer(f, labels, counts, penalty):
    prior = counts / counts.sum()
    classes = len(counts)
    own = labels[:, None] == np.arange(classes)
    first = np.sum(f * own, axis=0) / (own.sum(axis=0) + 1e-8)
    moved = f - np.log(prior + 1e-9) + np.log(1.0 / classes + 1e-9)
    second = log_sum_exp(moved, axis=0) - np.log(len(f))
    return -np.sum(prior * (first - second - penalty * second**2))


def derive():
    rng = np.random.RandomState(3)
    counts = np.array([60.0, 25.0, 8.0, 4.0, 2.0])
    labels = np.array([0, 0, 1, 2, 0, 4, 1])  # class 3 is not in the batch
    logits = rounded(rng.standard_normal((7, 5)) * 2.0)
    case = {"counts": counts.astype("int64"), "targets": labels, "logits": logits}
    for dataset, (alpha, penalty) in CONSTANTS.items():

        def total(z, alpha=alpha, penalty=penalty):
            compensated = cross_entropy(z + np.log(counts / counts.sum() + 1e-9), labels)
            return compensated + alpha * regularizer(z, labels, counts, penalty)

        case[f"alpha_{dataset}"], case[f"penalty_{dataset}"] = alpha, penalty
        case[f"loss_{dataset}"] = total(logits)
        case[f"grad_{dataset}"] = gradient(total, logits)
    return case
