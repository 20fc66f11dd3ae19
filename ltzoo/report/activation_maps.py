"""Class activation maps of tail images, before and after calibration."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ltzoo.data.splits import Split


class ActivationMaps(NamedTuple):
    """N images and the activation maps of their true classes, for `plots.activation_maps`.

    Attributes:
        images: raw pixels, `[N, H, W, C]`.
        labels: true classes, int [N].
        plain: maps of the plain classifier, [N, h, w].
        calibrated: maps of the calibrated classifier, [N, h, w].
        plain_predictions: predicted classes of the plain classifier, int [N].
        predictions: predicted classes of the calibrated classifier, int [N].
    """

    images: np.ndarray
    labels: np.ndarray
    plain: np.ndarray
    calibrated: np.ndarray
    plain_predictions: np.ndarray
    predictions: np.ndarray


def tail_activation_maps(classifier: Any, split: Split, num_images: int = 6) -> ActivationMaps | None:
    """Compute maps of images of the smallest tail classes, if the classifier calibrates its maps (CAMC).

    The plain classifier is the previous stage's head on the same feature maps: its map is <f(x, y), w_c> (CAMC Eq. 2).
    Without a previous stage, it is the current head without calibration.

    Args:
        classifier: a `LongTailedClassifier`.
        split: source of the images. The classes take turns, the smallest first, with their images in order.
        num_images: N; fewer if the split has fewer images of tail classes.

    Returns:
        `ActivationMaps`; None for another head, maps of one position, or no image of a tail class.
    """
    head = classifier.head
    if not hasattr(head, "activation_maps"):
        return None
    chosen = _tail_positions(np.asarray(split.labels), head.tail_classes, classifier.class_counts, num_images)
    if not len(chosen):
        return None
    images, labels = np.asarray(split.load(chosen)), np.asarray(split.labels)[chosen]
    features = classifier.extract_feature_maps_on_batch(images)
    if features.shape[1:3] == (1, 1):
        return None
    pooled = features.mean(axis=(1, 2))
    previous = _previous_head(classifier)
    if previous is None:
        plain = ops.convert_to_numpy(head.activation_maps(features, calibrated=False))
        scores = pooled @ head.class_vectors()
    else:
        plain = features @ ops.convert_to_numpy(previous.kernel)
        scores = ops.convert_to_numpy(previous(pooled, training=False))
    calibrated = ops.convert_to_numpy(head.activation_maps(features))
    predictions = ops.convert_to_numpy(head(features, training=False)).argmax(axis=1)
    rows = np.arange(len(labels))
    plain, calibrated = (maps[rows, :, :, labels] for maps in (plain, calibrated))
    return ActivationMaps(images, labels, plain, calibrated, scores.argmax(axis=1), predictions)


def _tail_positions(labels, tail_classes, class_counts, number):
    """Take one image of each tail class in turn, the class with the fewest training images first."""
    order = sorted(tail_classes, key=lambda label: (class_counts[label], label))
    members = [np.flatnonzero(labels == label) for label in order]
    turns = range(max(map(len, members), default=0))
    places = [images[turn] for turn in turns for images in members if turn < len(images)]
    return np.array(places[:number], np.int64)


def _previous_head(classifier):
    """Return the previous stage's head, if it scores pooled features by a kernel of the same shape."""
    number = classifier.heads.index(classifier.head)
    previous = classifier.heads[number - 1] if number else None
    kernel = getattr(previous, "kernel", None)
    if kernel is None or tuple(kernel.shape) != tuple(classifier.head.kernel.shape):
        return None
    return None if getattr(previous, "takes_feature_map", False) else previous
