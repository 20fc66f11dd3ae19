"""DisAlign: logits (1 + sigma a) z + sigma b of a fixed classifier z, sigma = sigmoid(<v, x> + c), and their loss.

The loss is the cross-entropy with weights (1 / r_c)^rho scaled to the sum C, in a mean divided by the images' weights.
At the start a = 1, b = 0 and v = 0.1; c keeps the draw of a linear layer and is given here.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, rounded

SOURCE = {
    "repository": "Megvii-BaseDetection/cvpods",
    "commit": "2deea5dc659371318c8a570c644201d913a83027",
    "files": [
        "cvpods/layers/wrappers.py",
        "cvpods/modeling/losses/grw_loss.py",
        "Megvii-BaseDetection/DisAlign at a2fc3500a108cb83e3942293a5675c97ab3a2c6e: classification/imagenetlt/"
        "resnext50/resx50.scratch.imagenet_lt.224size.90e.disalign.10e/config.py",
        "the same folder: net.py",
    ],
}
RHO, INITIAL_SCALE, INITIAL_BIAS, INITIAL_CONFIDENCE = 1.2, 1.0, 0.0, 0.1


def logits(x, kernel, bias, a, b, v, c):
    z = x @ kernel + bias
    sigma = 1.0 / (1.0 + np.exp(-(x @ v + c)))[:, None]
    return (1.0 + sigma * a) * z + sigma * b


def class_weights(counts):
    weights = (counts / counts.sum()) ** -RHO
    return weights / weights.sum() * len(counts)


def derive():
    rng = np.random.RandomState(7)
    counts = np.array([60.0, 25.0, 8.0, 4.0, 2.0])
    labels = np.array([0, 1, 2, 3, 4, 0, 0])
    x = rounded(np.abs(rng.standard_normal((7, 6))))
    kernel, bias = rounded(rng.standard_normal((6, 5)) * 0.7), rounded(rng.standard_normal(5) * 0.3)
    a, b = rounded(1.0 + 0.5 * rng.standard_normal(5)), rounded(0.5 * rng.standard_normal(5))
    v, c = rounded(0.1 + 0.2 * rng.standard_normal(6)), rounded(rng.uniform(-0.4, 0.4, 1))
    weights = class_weights(counts)

    def loss(a, b, v, c):
        return cross_entropy(logits(x, kernel, bias, a, b, v, c), labels, weights)

    initial = [
        np.full(5, INITIAL_SCALE),
        np.full(5, INITIAL_BIAS),
        np.full(6, INITIAL_CONFIDENCE),
        np.zeros(1),
    ]
    return {
        "counts": counts.astype("int64"),
        "targets": labels,
        "features": x,
        "kernel": kernel,
        "bias": bias,
        "scale": a,
        "margin": b,
        "confidence_kernel": v,
        "confidence_bias": c,
        "exponent": RHO,
        "class_weights": weights,
        "logits": logits(x, kernel, bias, a, b, v, c),
        "initial_logits": logits(x, kernel, bias, *initial),
        "loss": loss(a, b, v, c),
        "grad_scale": gradient(lambda p: loss(p, b, v, c), a),
        "grad_margin": gradient(lambda p: loss(a, p, v, c), b),
        "grad_confidence_kernel": gradient(lambda p: loss(a, b, p, c), v),
        "grad_confidence_bias": gradient(lambda p: loss(a, b, v, p), c),
    }
