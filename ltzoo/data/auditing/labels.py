"""Labels that a classifier which has not seen the image finds improbable."""

from __future__ import annotations

import importlib.util

import numpy as np

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.group_splits import fold_of_each
from ltzoo.linear_discriminant import discriminant
from ltzoo.phases import phase

FOLDS = 5
MARGIN = 4.0
"""A label is suspicious if another of C classes is `(C - 1) exp(4)` = 55 (C - 1) times more probable."""

SHRINKAGE = 0.5
"""Share of a sphere in the covariance of the features."""

_FEWEST_IMAGES = 20
_FITTED = 4_000  # Images whose probabilities give the temperature.
_RANDOM_SHARES = (0.0, 0.003, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
_SCALES = np.exp(np.linspace(-8, 3, 67)).astype("float32")


def out_of_sample(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, classes: int, seed: int = 0
) -> np.ndarray:
    """Return log probabilities of the classes for each image by classifiers that have not seen it, `[N, C]`.

    The classifier is linear discriminant analysis of the square roots of the features at unit length, with the
    covariance shrunk halfway to a multiple of the unit matrix: `ltzoo.linear_discriminant`. A temperature that fits
    all out-of-sample logits makes probabilities of them. It is fitted together with a share of labels that are
    random, so that wrong labels do not make the right ones uncertain. Five folds keep groups whole.

    Args:
        features: `[N, D]`.
        labels: class indices `[N]`.
        groups: number of each image's group `[N]`; images of a group are in one fold.
        classes: number of classes C.
        seed: chooses the folds.

    Returns:
        float32 `[N, C]`. Classes without an image in the other folds have the log probability -inf. All classes of an
        image that is in no fold, as the only one or group of its class, are equally probable.
    """
    lengths = np.sqrt(np.square(features).sum(axis=1, keepdims=True))
    rows = np.sign(features) * np.sqrt(np.abs(features) / np.maximum(lengths, 1e-12))
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    logits = np.full((len(rows), classes), -np.inf, "float32")
    fold = fold_of_each(labels, groups, FOLDS, seed)
    with phase("checking labels", FOLDS, unit="folds") as checking:
        for number in range(FOLDS):
            out = fold == number
            if out.any() and not out.all():
                logits[out] = _discriminant(rows[~out], labels[~out], rows[out], classes)
            checking.advance()
    known = np.flatnonzero(np.isfinite(logits[np.arange(len(labels)), labels]))
    logits[~np.isfinite(logits).any(axis=1)] = 0
    if not len(known):
        return _log_softmax(np.zeros_like(logits))
    return _log_softmax(logits * _temperature(logits, labels, known))


def _temperature(logits: np.ndarray, labels: np.ndarray, known: np.ndarray) -> float:
    """Return the factor s of the logits z that makes the labels of the rows in `known` most probable.

    The probability of label y is `(1 - e) softmax(s z)_y + e / C`, with the share e of random labels fitted too.
    """
    known = known[:: -(-len(known) // _FITTED)]
    rows, own = logits[known], labels[known]
    classes = np.isfinite(rows).any(axis=0).sum()

    def likelihood(scale: float) -> float:
        probability = np.exp(_log_softmax(rows * scale)[np.arange(len(own)), own].astype("float64"))
        return max(
            float(np.log((1 - share) * probability + share / classes + 1e-300).mean())
            for share in _RANDOM_SHARES
        )

    return max(_SCALES, key=likelihood)


def suspicious_labels(
    images: ImageList,
    positions: np.ndarray,
    features: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
) -> list[Finding]:
    """Return a finding per image whose label is suspicious.

    Where the library cleanlab is installed, each finding says whether confident learning (Northcutt et al., JAIR 2021)
    on the same probabilities finds it too.

    Args:
        images: all images.
        positions: positions of the images with features, `[n]`.
        features: `[n, D]`.
        groups: group of each image in `images`, `[N]`.
        seed: chooses the folds.
    """
    labels = images.labels[positions]
    if len(positions) < _FEWEST_IMAGES or len(np.unique(labels)) < 2:
        return []
    log_probabilities = out_of_sample(features, labels, groups[positions], len(images.class_names), seed)
    rows = np.arange(len(labels))
    own = log_probabilities[rows, labels]
    others = log_probabilities.copy()
    others[rows, labels] = -np.inf
    best = others.argmax(axis=1)
    margin = others[rows, best] - own
    least = MARGIN + np.log(len(np.unique(labels)) - 1)
    suspicious = np.flatnonzero(margin >= least)
    agreed = _confident_learning(labels, log_probabilities)
    findings = []
    for row in suspicious[np.argsort(-margin[suspicious], kind="stable")]:
        position = int(positions[row])
        predicted = images.class_names[best[row]]
        facts = {
            "given": images.class_of(position),
            "predicted": predicted,
            "given_probability": float(np.exp(own[row])),
            "predicted_probability": float(np.exp(others[row, best[row]])),
        }
        if agreed is not None:
            facts["cleanlab"] = bool(agreed[row])
        text = (
            f"{images.name(position)} is labeled {facts['given']!r}; {predicted!r} is more probable "
            f"({100 * facts['predicted_probability']:.0f} %)"
        )
        findings.append(Finding("suspicious_label", text, (position,), float(margin[row]), facts))
    return findings


def _discriminant(rows: np.ndarray, labels: np.ndarray, others: np.ndarray, classes: int) -> np.ndarray:
    kernel, bias = discriminant(rows, labels, classes, SHRINKAGE)
    logits = others @ kernel + bias
    logits[:, np.bincount(labels, minlength=classes) == 0] = -np.inf
    return logits


def _confident_learning(labels: np.ndarray, log_probabilities: np.ndarray) -> np.ndarray | None:
    """Return which labels cleanlab finds wrong, `[n]`; None without the library, or where it fails."""
    if importlib.util.find_spec("cleanlab") is None:
        return None
    from cleanlab.filter import find_label_issues  # pyright: ignore[reportMissingImports]

    present, dense = np.unique(labels, return_inverse=True)
    probabilities = np.exp(log_probabilities[:, present])
    probabilities /= np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)
    try:
        return np.asarray(find_label_issues(dense, probabilities, n_jobs=1), bool)
    except ValueError:
        return None


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
