"""Alarms at the end of a training, from a small sample of the training images."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.contracts.image_arrays import is_array
from ltzoo.data.gray import gray_in_color
from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.metrics.alarms import (
    Alarm,
    feature_alarms,
    image_alarms,
    loss_alarms,
    output_alarms,
    prediction_alarms,
)
from ltzoo.protocols import Classifier
from ltzoo.training.features import in_batches

LARGEST_SAMPLE = 256
_BATCH = 64


class TrainingAlarm(UserWarning):
    """A training seems to have learned nothing, or never predicts some classes."""


class GrayImagesWarning(UserWarning):
    """All images are gray and stored in color."""


class RandomFeaturesWarning(UserWarning):
    """Only the head is trained, on a network with random weights."""


def warn_of_random_features(model: Any) -> None:
    """Warn if no stage trains more than the head, and the network under it has random weights."""
    trained = [stage for stage in model.recipe.stages if stage.epochs]
    if not getattr(model, "starts_random", False) or not trained:
        return
    if all(stage.trainable == "head" for stage in trained):
        warn_caller(
            f"the recipe {model.recipe.name!r} trains the head alone, and the network under it has random weights. "
            "Build it with pretrained ones, such as ltzoo.models.build({'name': 'efficientnet_lite0', 'weights': "
            f"'imagenet'}}, ...). Received: backbone={model.backbone.name!r} without weights",
            RandomFeaturesWarning,
        )


def warn_of_gray(model: Any, split: Any) -> None:
    """Warn if a network with random weights, of three channels, gets gray images."""
    found = gray_in_color(split) if getattr(model, "starts_random", False) else 0
    if found:
        looked_at = "" if found == len(split) else f" ({found} looked at)"
        warn_caller(
            f"all images of `dataset` are gray but stored in color{looked_at}: random weights learn as much from one "
            "channel. Load folders with channels=1, and give arrays as images[..., :1]. "
            f"Received: dataset.image_shape={tuple(split.image_shape)} with three equal channels",
            GrayImagesWarning,
        )


def training_alarms(
    model: Classifier,
    split: Any,
    history: Mapping[str, Sequence[Any]],
    largest_sample: int = LARGEST_SAMPLE,
) -> list[Alarm]:
    """Return the alarms of a trained classifier, judged on some of its training images.

    Args:
        model: the classifier, after training.
        split: training images: an object with `labels` and `load(positions)`.
        history: one value per epoch of `loss`, `accuracy`, `stage`.
        largest_sample: number of images to predict; each class gives about equally many.
    """
    positions = stratified_sample(split.labels, largest_sample)
    labels = np.asarray(split.labels)[positions]
    called = "training images" if len(positions) == len(split.labels) else "sampled training images"
    network = _Eager(model)
    outputs = in_batches(network.features_and_logits, split, positions, _BATCH, "checking the trained model")
    features, logits = outputs[:, : -model.num_classes], outputs[:, -model.num_classes :]
    found = image_alarms(split.load(positions), called)
    found += output_alarms(outputs, called) + feature_alarms(features, called)
    if np.isfinite(logits).all():
        confusion = np.zeros((model.num_classes,) * 2, "int64")
        counts = np.bincount(split.labels, minlength=model.num_classes)
        np.add.at(confusion, (labels, logits.argmax(axis=1)), 1)
        found += prediction_alarms(confusion, model.class_names, called, training_counts=counts)
    return found + loss_alarms(history)


class ArrayPair:
    """Images and labels of Keras's own `fit` as a split.

    Args:
        images: an array or tensor `[N, height, width, channels]`.
        labels: integer labels [N] or [N, 1], or soft labels [N, C]; None if they name no classes.
    """

    def __init__(self, images: Any, labels: Any) -> None:
        labels = np.zeros(len(images), "int64") if labels is None else _as_numpy(labels)
        if labels.ndim == 2:
            labels = labels.argmax(axis=1) if labels.shape[1] > 1 else labels[:, 0]
        self.images, self.labels = images, labels.astype("int64")

    def load(self, positions: np.ndarray) -> np.ndarray:
        """Return the images at `positions`."""
        if keras.ops.is_tensor(self.images):
            return keras.ops.convert_to_numpy(keras.ops.take(self.images, positions, axis=0))
        return np.asarray(self.images)[positions]


def _as_numpy(values):
    return keras.ops.convert_to_numpy(values) if keras.ops.is_tensor(values) else np.asarray(values)


def array_alarms(model: Classifier, images: Any, labels: Any, history: Mapping[str, Any]) -> list[Alarm]:
    """Return the `training_alarms` of arrays or tensors; none for other inputs, which would have to be read again.

    Args:
        model: the classifier, after training.
        images: arrays, or anything else that `fit` takes.
        labels: the labels of arrays; None if they name no classes, so that predictions are not judged.
        history: one value per epoch of `loss` and `accuracy`; empty if nothing was trained.
    """
    if not is_array(images) or not history:
        return []
    return training_alarms(model, ArrayPair(images, labels), history)


def warn(alarms: Sequence[Alarm]) -> None:
    """Issue one `TrainingAlarm` for each alarm, at the line that called `fit`."""
    with warnings.catch_warnings():
        # Python shows the same words once, but two trainings deserve two. Filters of the user come first.
        warnings.simplefilter("always", TrainingAlarm, append=True)
        for alarm in alarms:
            warn_caller(str(alarm), TrainingAlarm)


def stratified_sample(labels: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Return sorted positions of at most `size` images, spread evenly over the classes, always the same ones."""
    labels = np.asarray(labels)
    if len(labels) <= size:
        return np.arange(len(labels))
    # In random order: one image of every class, then a second one, and so on.
    shuffled = np.random.default_rng(0).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    by_class = labels[order]
    ranks = np.arange(len(labels)) - np.searchsorted(by_class, by_class)
    ties = np.random.default_rng(1).permutation(len(labels))
    return np.sort(order[np.lexsort((ties, ranks))[:size]])


class _Eager(keras.Model):
    """Features and logits of a classifier, without compiling anything and without gradients."""

    def __init__(self, classifier):
        super().__init__(name="eager", dtype="float32")
        self.classifier = classifier
        self.built = True
        self.compile(run_eagerly=True)

    def call(self, images):
        """Return `[batch, D + C]`: pooled features and logits of raw pixels, in inference mode."""
        maps = self.classifier.feature_map(images, training=False)
        logits = self.classifier.head(head_inputs(self.classifier.head, maps), training=False)
        parts = [keras.ops.cast(part, "float32") for part in (pool(maps), logits)]
        return keras.ops.concatenate(parts, axis=-1)

    def features_and_logits(self, images):
        """Return `call` of one batch as an array."""
        return np.asarray(self.predict_on_batch(images))
