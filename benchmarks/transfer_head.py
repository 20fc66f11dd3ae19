"""Compare the classifier of a `transfer` run with scikit-learn's logistic regression on the same features.

    ltzoo train --data photos/ --image-size 128 --out runs/photos
    python -m benchmarks.transfer_head runs/photos

The run needs test images. Logistic regression sees standardized features of the training and validation images, with
balanced class weights and with plain ones. C is the one of 0.0001, 0.001, ..., 1 with the best balanced accuracy on
the five folds that the run uses. Differences have 95 % intervals of a bootstrap within classes.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from keras import ops
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ltzoo.cli.data import load_dataset
from ltzoo.cli.models import load_model
from ltzoo.cli.run_folder import RunFolder
from ltzoo.metrics import result_from_probabilities
from ltzoo.posthoc.decisions import probabilities_of
from ltzoo.training.cross_fit import fold_features
from ltzoo.training.feature_store import FeatureStore, kept_features
from ltzoo.training.features import extract_features

FIELDS = ("top1", "balanced", "few", "ece")
STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0)
FOLDS = 5
FEW = 20  # training images; fewer is few-shot


def main(path):
    """Print both classifiers' figures in percent, and the differences."""
    dataset = load_dataset(RunFolder(path).read()["arguments"])
    if dataset.test is None:
        raise SystemExit(f"The data must have test images. Received: {path} with {dataset!r}")
    model = load_model(path)
    with kept_features(model, FeatureStore(Path(path) / "checkpoint" / "features")):
        features, labels, folds = fold_features(model, dataset, 0, FOLDS)
        test, truth = extract_features(model, dataset.test), dataset.test.labels
    counts = model.class_counts
    own = ops.convert_to_numpy(model.head(test))
    show("transfer", own, truth, counts)
    scaler = StandardScaler().fit(features)
    features, test = scaler.transform(features), scaler.transform(test)
    for class_weight in ("balanced", None):
        start = time.perf_counter()
        strength = best_strength(features, labels, folds, class_weight)
        fitted = LogisticRegression(C=strength, class_weight=class_weight, max_iter=1000).fit(
            features, labels
        )
        logits = fitted.decision_function(test)
        logits = np.stack([-logits, logits], axis=1) / 2 if logits.ndim == 1 else logits
        seconds = time.perf_counter() - start
        show(f"logistic regression, {class_weight}, C={strength:g}, {seconds:.0f} s", logits, truth, counts)
        for name, few in (("balanced", False), ("few", True)):
            classes = np.unique(truth[counts[truth] < FEW] if few else truth)
            print(f"    {name}: transfer is better by {difference(own, logits, truth, classes)}")


def best_strength(features, labels, folds, class_weight):
    """Return the C with the best balanced accuracy on the folds."""
    scores = []
    for strength in STRENGTHS:
        guesses = np.full(len(labels), -1)
        for fold in range(FOLDS):
            kept = folds != fold
            fitted = LogisticRegression(C=strength, class_weight=class_weight, max_iter=200)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                guesses[~kept] = fitted.fit(features[kept], labels[kept]).predict(features[~kept])
        right, measured = guesses == labels, folds >= 0
        scores.append(np.mean([right[measured & (labels == c)].mean() for c in np.unique(labels[measured])]))
    return STRENGTHS[int(np.argmax(scores))]


def show(name, logits, labels, counts):
    """Print a line of figures in percent."""
    found = result_from_probabilities(probabilities_of(logits, "logits"), labels, counts)
    print(name + ": " + "  ".join(f"{field} {100 * getattr(found, field):.1f}" for field in FIELDS))


def difference(own, other, labels, classes):
    """Return the difference of the mean accuracies of classes in percentage points, with its interval."""
    generator = np.random.default_rng(0)
    better = (own.argmax(axis=1) == labels).astype(float) - (other.argmax(axis=1) == labels)
    members = [better[labels == label] for label in classes]
    if not members:
        return "nothing: there are no such classes"
    drawn = [
        np.mean([generator.choice(values, len(values)).mean() for values in members]) for _ in range(1000)
    ]
    low, high = 100 * np.quantile(drawn, [0.025, 0.975])
    return f"{100 * np.mean([values.mean() for values in members]):.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main(*sys.argv[1:])
