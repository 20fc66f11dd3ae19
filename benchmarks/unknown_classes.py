"""Leave classes out of the training, and measure how well each score tells their images from known ones.

    python -m benchmarks.unknown_classes digits
    python -m benchmarks.unknown_classes features.npz

The classifier is multinomial logistic regression with logit adjustment (tau 1). For digits it reads features that are
the 64 pixels; for a `.npz` file its arrays `features` [N, D] and `labels` [N]. In each of five rounds a fifth of the
classes is left out, 70 % of the other images train, and the rest is known. Printed are the mean and the standard
deviation over the rounds of the AUROC, and of the share of unknown images found when 95 % of known ones are kept.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ltzoo.class_counts import long_tail_counts
from ltzoo.posthoc import auroc, unknown_scores, unknown_threshold

ROUNDS, NEIGHBORS, KEEP = 5, 10, 0.95


def load(name):
    """Return features and labels; digits are made long-tailed by a factor of 20."""
    if name != "digits":
        with np.load(name, allow_pickle=False) as arrays:
            return arrays["features"].astype("float64").reshape(len(arrays["labels"]), -1), arrays["labels"]
    digits = load_digits()
    rng, kept = np.random.default_rng(0), []
    for label, count in enumerate(long_tail_counts(170, 10, 20)):
        kept.append(rng.permutation(np.flatnonzero(digits.target == label))[:count])
    kept = np.concatenate(kept)
    return digits.data[kept], digits.target[kept]


def one_round(features, labels, number):
    """Return {method: (AUROC, share of unknown images found)}."""
    rng = np.random.default_rng(number)
    classes = np.random.default_rng(0).permutation(np.unique(labels))
    left_out = classes[number::ROUNDS]
    unknown = np.isin(labels, left_out)
    known = rng.permutation(np.flatnonzero(~unknown))
    cut, middle = int(0.7 * len(known)), int(0.85 * len(known))
    train, held, test = known[:cut], known[cut:middle], known[middle:]
    scaler = StandardScaler().fit(features[train])
    features = scaler.transform(features)
    model = LogisticRegression(C=0.05, max_iter=500).fit(features[train], labels[train])
    counts = np.array([np.count_nonzero(labels[train] == label) for label in model.classes_])

    def logits(positions):
        return model.decision_function(features[positions]) - np.log(counts / counts.sum())

    found = {}
    for method in ("softmax", "energy", "knn"):
        more = {"bank": features[train], "neighbors": NEIGHBORS} if method == "knn" else {}

        def inputs(positions, by_features=method == "knn"):
            return {"features": features[positions]} if by_features else {"logits": logits(positions)}

        rule = unknown_threshold(method=method, keep=KEEP, **inputs(held), **more)
        scores = [
            unknown_scores(method, **inputs(where), **more) for where in (test, np.flatnonzero(unknown))
        ]
        found[method] = (
            auroc(*scores),
            float((scores[1] > rule.threshold).mean()),
            float((scores[0] <= rule.threshold).mean()),
        )
    return found


def main(name):
    """Print one line per method."""
    features, labels = load(name)
    rounds = [one_round(features, labels, number) for number in range(ROUNDS)]
    print(
        f"{name}: {len(labels)} images, {len(np.unique(labels))} classes, a fifth left out, {ROUNDS} rounds"
    )
    print(f"{'':10}{'AUROC':>16}{'unknown found':>18}{'known kept':>16}")
    for method in rounds[0]:
        cells = np.array([one[method] for one in rounds])
        text = "".join(
            f"{100 * m:9.1f} +- {100 * s:4.1f}" for m, s in zip(cells.mean(0), cells.std(0), strict=True)
        )
        print(f"{method:10}{text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
