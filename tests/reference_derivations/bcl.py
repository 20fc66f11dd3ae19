"""BCL: balanced contrast of two views and class prototypes, and its sum with balanced softmax of a third view.

With all embeddings and the prototypes as v_k of class y_k, s_ik = <v_i, v_k> / t and n_c the number of v_k of class c:

    l_i = -mean over k != i of class y_i of [ s_ik - log sum_{k != i} exp(s_ik) / (n_{y_k} - [y_k = y_i]) ]

for the embeddings i; their mean times `contrast`, plus the cross-entropy of z + log(n / N) times `classification`.
Vectors are taken as they are; the authors give them length 1 before.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, log_sum_exp, rounded, unit

SOURCE = {
    "repository": "FlamieZhu/Balanced-Contrastive-Learning",
    "commit": "f72d0703794bcec8b00da86774c9d780dc721701",
    "files": ["loss/contrastive.py", "loss/logitadjust.py", "main.py", "README.md"],
}
# `main.py`; the README has the same for both datasets. CIFAR is not in the repository.
CLASSIFICATION, CONTRAST, TEMPERATURE, UNITS, VIEWS = 1.0, 0.35, 0.07, 1024, 3
LOSS_DEFAULT_TEMPERATURE = 0.1


def contrast(features, prototypes, labels, temperature):
    everything = np.concatenate([features, prototypes])
    classes = np.concatenate([labels, np.arange(len(prototypes))])
    sizes = np.bincount(classes)[classes]
    similarity = features @ everything.T / temperature
    losses = []
    for i in range(len(features)):
        others = np.arange(len(everything)) != i
        same = others & (classes == labels[i])
        terms = (similarity[i] - np.log(sizes - same))[others]
        losses.append(-np.mean(similarity[i][same] - log_sum_exp(terms)))
    return sum(losses) / len(losses)


def derive():
    rng = np.random.RandomState(1)
    counts = np.array([60.0, 25.0, 8.0, 4.0, 2.0])
    labels = np.array([0, 0, 1, 2, 0, 4])
    both = np.concatenate([labels, labels])
    logits = rounded(rng.standard_normal((6, 5)) * 2.0)
    features = rounded(unit(rng.standard_normal((12, 8)) + 0.5), 5)
    prototypes = rounded(unit(rng.standard_normal((5, 8))), 5)

    def total(z, f, c):
        classified = cross_entropy(z + np.log(counts / counts.sum()), labels)
        return CLASSIFICATION * classified + CONTRAST * contrast(f, c, both, TEMPERATURE)

    return {
        "counts": counts.astype("int64"),
        "targets": labels,
        "logits": logits,
        "features": features,
        "prototypes": prototypes,
        "classification_weight": CLASSIFICATION,
        "contrastive_weight": CONTRAST,
        "temperature": TEMPERATURE,
        "units": UNITS,
        "views": VIEWS,
        "loss": total(logits, features, prototypes),
        "grad_logits": gradient(lambda x: total(x, features, prototypes), logits),
        "grad_features": gradient(lambda x: total(logits, x, prototypes), features),
        "grad_prototypes": gradient(lambda x: total(logits, features, x), prototypes),
        "contrast_default": contrast(features, prototypes, both, LOSS_DEFAULT_TEMPERATURE),
    }
