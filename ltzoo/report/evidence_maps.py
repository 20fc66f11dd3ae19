"""Where in an image a classifier finds evidence for a class, for any head that takes pooled features."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ltzoo.data.splits import Split
from ltzoo.heads.inputs import takes_map


class EvidenceMaps(NamedTuple):
    """N images with the evidence for their true and their predicted class, for `plots.evidence_maps`.

    Attributes:
        images: raw pixels, `[N, H, W, C]`.
        labels, predictions: true and predicted classes, int [N].
        of_label, of_prediction: maps [N, h, w] of these classes.
    """

    images: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    of_label: np.ndarray
    of_prediction: np.ndarray


def evidence_maps(classifier: Any, split: Split, positions: np.ndarray) -> EvidenceMaps | str:
    """Compute the logits of the head at each position of the feature map, in place of the average over all positions.

    For a linear head this is the class activation map (Zhou et al., CVPR 2016) plus the bias, and the mean over the
    positions is the logit. For other heads it is what they say of the features at that position alone. The mean over
    classes is subtracted, as a logit that all classes share is evidence for none.

    Args:
        classifier: a `LongTailedClassifier`.
        split: source of the images.
        positions: positions of the images [N].

    Returns:
        `EvidenceMaps`, or one sentence that says why there are none.
    """
    head = classifier.head
    if not len(positions):
        return "There is no image to show."
    if len(classifier.backbone.output_shape) != 4:
        return (
            "The network returns no map of features, so it cannot be said where in an image the evidence is."
        )
    if takes_map(head):
        return (
            "The classifier takes the map of features as a whole, so positions have no evidence of their own."
        )
    images, labels = np.asarray(split.load(positions)), np.asarray(split.labels)[positions]
    features = np.asarray(classifier.extract_feature_maps_on_batch(images), "float32")
    count, height, width, depth = features.shape
    if (height, width) == (1, 1):
        return "The map of features has a single position, so it cannot be said where in an image the evidence is."
    logits = _logits(head, features.reshape(-1, depth)).reshape(count, height, width, -1)
    logits -= logits.mean(axis=-1, keepdims=True)
    predictions = _logits(head, features.mean(axis=(1, 2))).argmax(axis=1)
    rows = np.arange(count)
    maps = (logits[rows, :, :, classes] for classes in (labels, predictions))
    return EvidenceMaps(images, labels, predictions, *maps)


def _logits(head, features):
    return np.array(ops.convert_to_numpy(head(ops.convert_to_tensor(features), training=False)), "float32")
