"""ALA: a margin DF QF on the target's cosine, DF = (1 - cos_y) / 2 and QF_c = log 2 / log(n_c / n_min + 1).

    loss = CE( s (cos - DF_y QF_y e_y), y )

The authors released no code. The formulas are those of the paper (Zhao et al., AAAI 2022; arXiv 2104.06094). Public
implementations that others wrote inside of the code base of RIDE set two points that the paper leaves open: the
logarithm has base 2, and DF is constant in differentiation.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, held, rounded

SOURCE = {"repository": "none: the paper, arXiv 2104.06094", "commit": "none", "files": ["none"]}
SCALE = 30.0


def loss(cosine, labels, counts):
    quantity = np.log(2.0) / np.log(counts / counts.min() + 1.0)
    own = labels[:, None] == np.arange(len(counts))
    margin = (1.0 - held(cosine)) / 2.0 * quantity * own
    return cross_entropy(SCALE * (cosine - margin), labels)


def derive():
    rng = np.random.RandomState(6)
    counts = np.array([500.0, 120.0, 40.0, 9.0, 3.0])
    labels = np.array([0, 1, 2, 3, 4, 0, 4])
    cosine = rounded(rng.uniform(-0.9, 0.9, (7, 5)))
    return {
        "counts": counts.astype("int64"),
        "targets": labels,
        "cosine": cosine,
        "scale": SCALE,
        "quantity_factor": np.log(2.0) / np.log(counts / counts.min() + 1.0),
        "loss": loss(cosine, labels, counts),
        "grad": gradient(lambda x: loss(x, labels, counts), cosine),
    }
