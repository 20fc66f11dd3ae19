"""Classification problems with known posteriors: Gaussian features, one center per class."""

import numpy as np

COUNTS = np.array([600, 300, 150, 75, 30, 12])
PRIOR = COUNTS / COUNTS.sum()
CLASSES = len(COUNTS)
DISTANCE = 2.5


def sample(count, prior, seed, distance=DISTANCE):
    """Log likelihood ratios `[count, C]` of unit Gaussians at `distance` from the origin, and labels from `prior`."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(prior), count, p=prior)
    features = rng.standard_normal((count, len(prior)))
    features[np.arange(count), labels] += distance
    return distance * features, labels


def model_outputs(count, prior, seed, temperature=1.0, share=1.0, train=PRIOR, distance=DISTANCE):
    """Logits of a model that knows the likelihoods and `share` of the log prior, sharpened by 1 / `temperature`."""
    likelihood, labels = sample(count, prior, seed, distance)
    return (likelihood + share * np.log(train)) / temperature, labels


def reference_log_softmax(logits):
    """In extended precision, row by row."""
    rows = []
    for row in np.asarray(logits, np.longdouble):
        row = row - row.max()
        rows.append(row - np.log(np.sum(np.exp(row))))
    return np.array(rows)
