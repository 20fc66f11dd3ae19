"""The pictures of a report: training images of each class, confusions, mistakes, features and evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ltzoo.data.splits import Split
from ltzoo.metrics import Predictions, Result
from ltzoo.report.evidence_maps import EvidenceMaps, evidence_maps
from ltzoo.report.feature_map import FeatureMap, feature_map
from ltzoo.report.thumbnails import Sheets, jpeg_address, load_pictures

CONFUSIONS = 20
MISTAKES = 24
_EXAMPLES = 3
_TYPICAL = 2
_EVIDENCE = 6
_CONFUSION_SIDE = 72
_MISTAKE_SIDE = 112
# Pictures of classes in all, which are read and shown; a class has three, two or one of them.
_CLASS_PICTURES = 3000


class Confusion(NamedTuple):
    """A pair of classes that are mistaken, with pictures as `data:` addresses.

    Attributes:
        label, predicted: the true class, and the class that its images are taken for.
        images: how many of them are.
        total: images of the true class.
        examples: some of those images.
        typical: training images of the predicted class.
    """

    label: int
    predicted: int
    images: int
    total: int
    examples: list[str]
    typical: list[str]


class Mistake(NamedTuple):
    """A wrong prediction: true and predicted class, its probability, the name of the image or None, and a picture."""

    label: int
    predicted: int
    probability: float
    name: str | None
    picture: str


@dataclasses.dataclass(frozen=True)
class Gallery:
    """What a report shows of images.

    Attributes:
        classes: training images of each class.
        confusions: the most frequent confusions, worst first.
        mistakes: the most confident mistakes, most confident first.
        features: a map of the features of the measured images, or None.
        evidence: maps of images of small classes; or a sentence that says why there are none; or None.
    """

    classes: Sheets | None = None
    confusions: Sequence[Confusion] = ()
    mistakes: Sequence[Mistake] = ()
    features: FeatureMap | None = None
    evidence: EvidenceMaps | str | None = None


def gather(
    classifier: Any, train: Split, split: Split | None, predictions: Predictions | None, result: Result | None
) -> Gallery:
    """Read the pictures of a report, each once and shrunk at once, and compute its maps.

    Args:
        classifier: a `LongTailedClassifier`.
        train: the training images.
        split: the measured images, or None if nothing was measured.
        predictions, result: what was measured of `split`, or None.
    """
    classes = class_sheets(train, classifier.num_classes)
    if split is None or predictions is None or result is None:
        return Gallery(classes)
    return Gallery(
        classes,
        worst_confusions(train, split, predictions, result),
        confident_mistakes(split, predictions),
        feature_map(classifier, split),
        evidence_maps(classifier, split, _of_small_classes(predictions.labels, classifier.class_counts)),
    )


def class_sheets(train: Split, num_classes: int) -> Sheets:
    """Return the first training images of each class: three of up to 1,000 classes, else two or one."""
    each = max(1, min(_EXAMPLES, _CLASS_PICTURES // num_classes))
    side = 48 if num_classes <= 200 else 40 if num_classes <= 1000 else 32
    members = [positions[:each] for positions in _positions(train, range(num_classes))]
    pictures = load_pictures(train, np.concatenate(members), side)
    return Sheets([[pictures[int(position)] for position in row] for row in members], side)


def worst_confusions(train: Split, split: Split, predictions: Predictions, result: Result) -> list[Confusion]:
    """Return the pairs of classes with the most mistaken images; of equals first the larger share of the class."""
    confusion = np.asarray(result.confusion)
    totals = confusion.sum(axis=1)
    labels, guesses = np.nonzero(confusion * (1 - np.eye(len(confusion), dtype="int64")))
    counts = confusion[labels, guesses]
    order = np.lexsort((guesses, labels, -counts / totals[labels], -counts))[:CONFUSIONS]
    pairs = list(zip(labels[order].tolist(), guesses[order].tolist(), strict=True))
    wrong = [_wrong_ones(predictions, *pair) for pair in pairs]
    typical = [positions[:_TYPICAL] for positions in _positions(train, [guess for _, guess in pairs])]
    shown = _addresses(split, wrong, _CONFUSION_SIDE)
    known = _addresses(train, typical, _CONFUSION_SIDE)
    return [
        Confusion(label, guess, int(confusion[label, guess]), int(totals[label]), shown[row], known[row])
        for row, (label, guess) in enumerate(pairs)
    ]


def confident_mistakes(split: Split, predictions: Predictions) -> list[Mistake]:
    """Return the wrong predictions of the highest probability."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-predictions.probabilities[wrong, 0], kind="stable")][:MISTAKES]
    pictures = _addresses(split, [[position] for position in order], _MISTAKE_SIDE)
    return [
        Mistake(
            int(predictions.labels[position]),
            int(predictions.predicted[position]),
            float(predictions.probabilities[position, 0]),
            None if predictions.images is None else predictions.images[position],
            pictures[row][0],
        )
        for row, position in enumerate(order.tolist())
    ]


def _wrong_ones(predictions, label, guess):
    """Return the images of a confusion, the most confident first."""
    found = np.flatnonzero((predictions.labels == label) & (predictions.predicted == guess))
    return found[np.argsort(-predictions.probabilities[found, 0], kind="stable")][:_EXAMPLES]


def _addresses(split, rows, side):
    positions = np.concatenate([np.asarray(row, "int64") for row in rows]) if len(rows) else []
    pictures: dict[int, Image.Image] = load_pictures(split, positions, side)
    return [[jpeg_address(pictures[int(position)]) for position in row] for row in rows]


def _positions(split, labels):
    """Return the positions of the images of each of some classes."""
    order = np.argsort(split.labels, kind="stable")
    ordered = np.asarray(split.labels)[order]
    return [
        order[np.searchsorted(ordered, label) : np.searchsorted(ordered, label, side="right")]
        for label in labels
    ]


def _of_small_classes(labels, class_counts):
    """Return an image of each of the smallest classes that have one, then further ones, up to six."""
    counts = np.asarray(class_counts)
    order = sorted(np.unique(labels).tolist(), key=lambda label: (counts[label], label))[:_EVIDENCE]
    members = [np.flatnonzero(labels == label) for label in order]
    turns = range(max(map(len, members), default=0))
    places = [images[turn] for turn in turns for images in members if turn < len(images)]
    return np.array(places[:_EVIDENCE], "int64")
