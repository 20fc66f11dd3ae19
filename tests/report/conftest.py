"""Results of made-up classifiers, from made-up predictions."""

from types import SimpleNamespace

import numpy as np
import pytest

from ltzoo.class_counts import long_tail_counts
from ltzoo.metrics.result import result_from_probabilities


def counts(classes=10, largest=150, imbalance_factor=50):
    return long_tail_counts(largest, classes, imbalance_factor)


def result(class_counts, skill, seed=0, images_per_class=8):
    """A classifier that favors large classes less the higher `skill` is."""
    rng = np.random.default_rng(seed)
    classes = len(class_counts)
    labels = np.repeat(np.arange(classes), images_per_class)
    logits = np.log(class_counts / class_counts.sum()) + rng.normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += skill
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    return result_from_probabilities(
        probabilities / probabilities.sum(axis=1, keepdims=True), labels, class_counts
    )


def results(class_counts):
    return {
        "cross entropy": result(class_counts, 2.0),
        "GCL, stage 1": result(class_counts, 3.0),
        "GCL, stage 2": result(class_counts, 5.0),
    }


def history(epochs=5, border=3):
    return {
        "loss": list(np.linspace(2.0, 1.0, epochs)),
        "accuracy": list(np.linspace(0.2, 0.9, epochs)),
        "val_accuracy": list(np.linspace(0.2, 0.8, epochs)),
        "stage": [1] * border + [2] * (epochs - border),
    }


@pytest.fixture(scope="session")
def synthetic():
    """The functions of this file."""
    return SimpleNamespace(counts=counts, result=result, results=results, history=history)
