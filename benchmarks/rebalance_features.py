"""Correct a linear classifier on features, and measure it on images that the correction never saw.

    python -m benchmarks.rebalance_features FOLDER
    python -m benchmarks.rebalance_features features.npz

FOLDER has train and test folders with a folder per class; the features are those of `efficientnet_lite0` (ImageNet) at
128 pixels, of one view. The file has the arrays `train_features` [N, D], `train_labels` [N], `test_features` [M, D] and
`test_labels` [M], with labels 0 .. C - 1. Logistic regression is trained on the first two. Half of the test images are
held out for the correction and the prediction sets; the other half is measured.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ltzoo import data, posthoc
from ltzoo.data.auditing.encoder import BATCH, DEFAULT, SIDE, encoder
from ltzoo.metrics import result_from_probabilities
from ltzoo.posthoc.decisions import probabilities_of

FIELDS = ("top1", "balanced", "many", "medium", "few", "ece", "nll")


def main(path):
    """Print the report of the fit, both rows of figures, and the coverage and size of prediction sets."""
    (train, labels), (test, test_labels) = read_folder(path) if Path(path).is_dir() else read_file(path)
    scaler, counts = StandardScaler().fit(train), np.bincount(labels)
    classifier = LogisticRegression(C=0.01, max_iter=200).fit(scaler.transform(train), labels)
    logits = classifier.decision_function(scaler.transform(test))
    order = np.random.default_rng(0).permutation(len(test))
    held_out, measured = order[: len(order) // 2], order[len(order) // 2 :]
    result = posthoc.rebalance(logits[held_out], test_labels[held_out], counts)
    print(result.report)
    new_labels = test_labels[measured]
    for name, values in (("before", logits[measured]), ("after", result.apply(logits[measured]))):
        found = result_from_probabilities(probabilities_of(values, "logits"), new_labels, counts)
        print(f"{name:8}" + "  ".join(f"{field} {getattr(found, field):.4f}" for field in FIELDS))
    for score in ("lac", "aps"):
        sets = posthoc.prediction_sets(result, alpha=0.1, class_counts=counts, score=score)
        inside = sets.contains(result.probabilities(logits[measured]))
        covered = inside[np.arange(len(new_labels)), new_labels].mean()
        print(
            f"{score}: coverage {covered:.4f}, {inside.sum(axis=1).mean():.2f} of {len(counts)} classes a set"
        )
    print(sets.guarantee)


def read_file(path):
    """Return features and labels of the training and test images in an .npz file."""
    with np.load(path, allow_pickle=False) as arrays:
        return [
            (arrays[f"{name}_features"].astype("float32"), arrays[f"{name}_labels"])
            for name in ("train", "test")
        ]


def read_folder(path):
    """Return features and labels of the training and test images in a folder."""
    encode = encoder(DEFAULT)
    dataset = data.from_directory(
        path, image_size=(SIDE, SIDE), fit="squash", validation_fraction=0.0, check=False
    )
    found = []
    for split in (dataset.train, dataset.test):
        places = np.array_split(np.arange(len(split)), -(-len(split) // BATCH))
        features = [np.asarray(encode(split.load(part)), "float32") for part in places]
        found.append((np.concatenate(features), split.labels))
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
