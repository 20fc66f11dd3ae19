"""CMO: a rectangle of an image drawn with weight n^-1 of its class is pasted onto an image drawn evenly.

The sides are floor(side sqrt(1 - lam0)), lam0 ~ Beta(1, 1); half of them (rounded down) goes to each side of a centre
that is uniform over the pixels, and the rectangle is clipped. lam is the share of pixels that is left:

    loss = lam l(z, y) + (1 - lam) l(z, y')

A batch is mixed with probability 1/2, in epochs (from 0) above 3 and below the number of epochs minus 3.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, rounded

SOURCE = {
    "repository": "naver-ai/cmo",
    "commit": "10d2d0988df03f06605a3007be548129b6f0f5b8",
    "files": ["cifar_train.py", "opts.py", "imbalance_data/imbalance_cifar.py"],
}
PROBABILITY, BETA, WEIGHTED_ALPHA, START, END, EPOCHS = 0.5, 1.0, 1.0, 3, 3, 200
# Height, width, lam0, row and column of the centre.
DRAWS = [
    (32, 32, 0.3, 10, 20),
    (32, 32, 0.3, 0, 31),
    (32, 32, 0.75, 16, 16),
    (32, 32, 0.999, 5, 5),
    (32, 32, 0.0, 15, 3),
    (224, 192, 0.42, 200, 11),
]


def rectangle(height, width, lam, row, column):
    share = np.sqrt(1.0 - lam)
    high, wide = int(height * share) // 2, int(width * share) // 2
    top, bottom = (int(np.clip(edge, 0, height)) for edge in (row - high, row + high))
    left, right = (int(np.clip(edge, 0, width)) for edge in (column - wide, column + wide))
    return top, bottom, left, right


def derive():
    rng = np.random.RandomState(9)
    counts = np.array([60.0, 25.0, 8.0, 4.0, 2.0])
    weights = 1.0 / counts**WEIGHTED_ALPHA
    boxes = [rectangle(*draw) for draw in DRAWS]
    left = [
        1.0 - (box[1] - box[0]) * (box[3] - box[2]) / (draw[0] * draw[1])
        for box, draw in zip(boxes, DRAWS, strict=True)
    ]
    labels, others = np.array([0, 1, 2, 0]), np.array([4, 3, 4, 2])
    images = rng.randint(0, 256, (4, 6, 6, 1))
    pasted = rng.randint(0, 256, (4, 6, 6, 1))
    small = (6, 6, 0.5, 1, 4)
    top, bottom, first, last = rectangle(*small)
    mixed = images.copy()
    mixed[:, top:bottom, first:last] = pasted[:, top:bottom, first:last]
    share = 1.0 - (bottom - top) * (last - first) / 36.0
    logits = rounded(rng.standard_normal((4, 5)) * 2.0)

    def loss(z):
        return share * cross_entropy(z, labels) + (1.0 - share) * cross_entropy(z, others)

    return {
        "counts": counts.astype("int64"),
        "probability": PROBABILITY,
        "beta": BETA,
        "companion_probability": weights * counts / np.sum(weights * counts),
        "draws": np.array(DRAWS, "float64"),
        "boxes": np.array(boxes),
        "left": np.array(left),
        "epochs": EPOCHS,
        "mixed_epochs": np.array([epoch for epoch in range(EPOCHS) if START < epoch < EPOCHS - END]),
        "targets": labels,
        "other_targets": others,
        "images": images,
        "pasted": pasted,
        "draw": np.array(small, "float64"),
        "mixed": mixed,
        "share": share,
        "logits": logits,
        "loss": loss(logits),
        "grad": gradient(loss, logits),
    }
