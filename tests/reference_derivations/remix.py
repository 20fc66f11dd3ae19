"""Remix: images are mixed by lam, labels by lam_y.

    lam_y = 0 where n_i / n_j >= kappa and lam < tau; 1 where n_i / n_j <= 1 / kappa and 1 - lam < tau; else lam
    loss = mean( lam_y l(z, y_i) + (1 - lam_y) l(z, y_j) )

The authors of the paper released no code; the file is by their successors in a library of imbalanced learning. The bag
of tricks (zhangyongshun/BagofTricks-LT, lib/core/combiner.py) has the same rule and constants.
"""

import numpy as np

from tests.reference_derivations._formulas import gradient, log_softmax, rounded

SOURCE = {
    "repository": "ntucllab/imbalanced-DL",
    "commit": "caa43d92f2d765a75e0e3e646f6ec16b1a5260b2",
    "files": ["imbalanceddl/strategy/_remix_drw.py", "example/config/config_cifar10.yaml"],
}
KAPPA, TAU, ALPHA = 3.0, 0.5, 1.0
SHARES = np.array([0.05, 0.3, 0.4999, 0.5, 0.5001, 0.7, 0.95])


def label_share(lam, own, other):
    share = np.full(len(own), float(lam))
    share[(own / other >= KAPPA) & (lam < TAU)] = 0.0
    share[(own / other <= 1.0 / KAPPA) & (1.0 - lam < TAU)] = 1.0
    return share


def derive():
    rng = np.random.RandomState(8)
    counts = np.array([90.0, 31.0, 30.0, 29.0, 10.0, 2.0])
    labels, others = (grid.ravel() for grid in np.meshgrid(np.arange(6), np.arange(6), indexing="ij"))
    shares = np.stack([label_share(lam, counts[labels], counts[others]) for lam in SHARES])
    images = rounded(rng.uniform(0, 255, (36, 2, 2, 1)), 1)
    order = rng.permutation(36)
    mixed_share = label_share(0.3, counts[labels], counts[labels[order]])
    logits = rounded(rng.standard_normal((36, 6)) * 2.0)

    def loss(z):
        losses, rows = -log_softmax(z), np.arange(36)
        return np.mean(mixed_share * losses[rows, labels] + (1 - mixed_share) * losses[rows, labels[order]])

    return {
        "counts": counts.astype("int64"),
        "targets": labels,
        "other_targets": others,
        "shares": SHARES,
        "kappa": KAPPA,
        "tau": TAU,
        "alpha": ALPHA,
        "label_shares": shares,
        "images": images,
        "order": order,
        "logits": logits,
        "mixed_images": 0.3 * images + 0.7 * images[order],
        "loss": loss(logits),
        "grad": gradient(loss, logits),
    }
