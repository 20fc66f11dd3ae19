"""Evaluation of a model on a split of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import integer
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.image_arrays import check_images, is_array, warn_of_scale
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.metrics.predictions import Predictions, predictions_from_probabilities
from ltzoo.metrics.result import Result, checked_groups, result_from_probabilities
from ltzoo.phases import phase
from ltzoo.read_ahead import read_ahead

if TYPE_CHECKING:
    import keras


def evaluate(
    model: keras.Model,
    split: Any,
    class_counts: Sequence[int] | np.ndarray | None = None,
    batch_size: int = 256,
    from_logits: bool = True,
) -> Result:
    """Measure accuracy per shot group, calibration and likelihood of `model` on `split`, in NumPy float64.

    Args:
        model: a `keras.Model` from images to logits [batch, C] (or to probabilities; see `from_logits`).
        split: any object with `labels` [N] and `load(positions)` -> images, such as `dataset.test`; a stream of
            `ltzoo.data.from_tf_data`; or a pair
            (images, labels). Labels follow `ltzoo.contracts.labels`: integers [N] or [N, 1], soft labels [N, C],
            or names if the model has `class_names`.
        class_counts: training images per class [C], for the shot groups. Default: `model.class_counts` if the model
            has it; otherwise the groups are NaN.
        batch_size: number of images per batch, at least 1.
        from_logits: True if the model returns logits, False for probabilities.

    Returns:
        a `ltzoo.metrics.Result`, which prints as a table. If the split has `groups` (integers [N], equal for images
        that belong together), its intervals are those of new groups.

    Raises:
        ValueError: if the split is empty, the image size is not the model's, labels or counts do not fit the model's
            classes, class names are in another order than the model's, or images or outputs are not finite.

    Warns:
        UserWarning: images of other shapes were fitted in another way when the model was trained; or the images of a
            pair are in 0..1, or floats outside 0..255, and the model takes raw pixels.
    """
    return measure(model, split, class_counts, batch_size, from_logits)[0]


def measure(
    model: keras.Model,
    split: Any,
    class_counts: Sequence[int] | np.ndarray | None = None,
    batch_size: int = 256,
    from_logits: bool = True,
) -> tuple[Result, Predictions]:
    """Measure a model as `evaluate` does; return the measurements and the predictions for each image."""
    batch_size = integer("batch_size", batch_size, 1)
    streamed = getattr(split, "streamed", False)
    if streamed:
        outputs, labels = _predict_stream(model, split, batch_size)
        load = None
    else:
        labels, load = _open(model, split)
    if len(labels) == 0:
        raise ValueError("`split` must hold at least one image. Received: split with 0 images")
    known = {"argument": "split", "class_names": getattr(model, "class_names", None), "soft": True}
    if hasattr(model, "num_classes"):
        labels = check_labels(labels, model.num_classes, **known)
    if class_counts is None:
        class_counts = getattr(model, "class_counts", None)
    _check_class_names(getattr(model, "class_names", None), getattr(split, "class_names", None))
    _warn_of_fit(getattr(model, "image_fit", None), getattr(split, "image_fit", None))
    if not streamed:
        outputs = _predict(model, load, len(labels), batch_size)
    if outputs.ndim != 2:
        raise ValueError(f"`model` must return [batch, classes]. Received: outputs of shape {outputs.shape}")
    labels = check_labels(labels, outputs.shape[1], **known)
    labels = labels.argmax(axis=1) if labels.ndim == 2 else labels
    if class_counts is not None:
        class_counts = ClassCounts(class_counts).require(outputs.shape[1])
    if not np.isfinite(outputs).all():
        bad = int((~np.isfinite(outputs)).any(axis=1).sum())
        raise ValueError(
            "`model` must return finite outputs; check its weights. "
            f"Received: NaN or infinite outputs for {bad} of {len(outputs)} images"
        )
    probabilities = _softmax(outputs) if from_logits else _checked_probabilities(outputs)
    names = getattr(model, "class_names", None) or getattr(split, "class_names", None)
    groups = checked_groups(getattr(split, "groups", None), len(labels))
    result = result_from_probabilities(probabilities, labels, class_counts, class_names=names, groups=groups)
    return result, predictions_from_probabilities(probabilities, labels, _image_names(split), groups)


def _open(model, split):
    if hasattr(split, "labels") and hasattr(split, "load"):
        return split.labels, split.load
    if isinstance(split, (tuple, list)) and len(split) == 2:
        images, labels = split
        if labels is None:
            raise ValueError("`split` must hold images and labels. Received: split with labels None")
        shape = getattr(model, "image_shape", None)
        if shape is not None:  # A classifier of this library, which takes raw pixels.
            check_images(images, "split", image_shape=shape, floats=True)
            warn_of_scale(images, "split")
        elif not is_array(images):
            raise ValueError(
                "`split` must hold its images as an array. "
                f"Received: split with images of type {type(images).__name__}"
            )
        check_same_length(images, labels, "split[0]", "split[1]")
        return labels, lambda positions: images[positions[0] : positions[-1] + 1]
    raise ValueError(
        "`split` must have `labels` and `load(positions)`, or be a pair (images, labels). "
        f"Received: split of type {type(split).__name__}"
    )


def _image_names(split):
    """Return the name of each image, such as its path, if the split knows them."""
    describe = getattr(split, "describe", None)
    return None if describe is None else tuple(map(describe, range(len(split.labels))))


def _predict(model, load, count, batch_size):
    outputs, batch_size = [], min(batch_size, count)
    parts = (np.arange(start, min(start + batch_size, count)) for start in range(0, count, batch_size))
    with phase("measuring", count, kind="forward") as measuring:
        for part, images in read_ahead(load, parts):
            images, start = np.asarray(images), int(part[0])
            _check_finite(images, start)
            if start == 0:
                _check_image_shape(model, images.shape[1:])
            # Fill every batch to one size, so that the model is compiled only once.
            missing = batch_size - len(images)
            filled = np.concatenate([images, np.repeat(images[:1], missing, axis=0)]) if missing else images
            outputs.append(np.asarray(model.predict_on_batch(filled), "float64")[: len(images)])
            measuring.advance(len(images))
    return np.concatenate(outputs)


def _predict_stream(model, split, batch_size):
    """Return the outputs and the labels of a stream, which is read once."""
    outputs, labels = [], []
    with phase("measuring", kind="forward") as measuring:
        for images, own in split.batches(batch_size):
            if not labels:
                _check_image_shape(model, images.shape[1:])
            missing = batch_size - len(images)
            filled = np.concatenate([images, np.repeat(images[:1], missing, axis=0)]) if missing else images
            outputs.append(np.asarray(model.predict_on_batch(filled), "float64")[: len(own)])
            labels.append(own)
            measuring.advance(len(own))
    if not labels:
        return np.zeros((0, 0)), np.zeros(0, np.int64)
    return np.concatenate(outputs), np.concatenate(labels)


def _check_finite(images, start):
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        bad = int(np.argmin(np.isfinite(images).reshape(len(images), -1).all(axis=1)))
        raise ValueError(
            f"`split` must have finite images. Received: NaN or infinite values in image {start + bad}"
        )


def _check_image_shape(model, shape):
    try:
        expected = model.input_shape[1:]
    except (AttributeError, TypeError, ValueError):
        return  # A subclassed model may not know its input shape.
    if len(expected) != len(shape) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
        raise ValueError(
            f"`split` must have images of the model's size {tuple(expected)}; load the data with that image "
            f"size. Received: images of shape {tuple(shape)}"
        )


def _check_class_names(of_model, of_split):
    if of_model is None or of_split is None:
        return
    of_model, of_split = list(of_model), list(of_split)
    if of_model == of_split:
        return
    if sorted(of_model) == sorted(of_split):
        index = next(i for i, (a, b) in enumerate(zip(of_model, of_split, strict=True)) if a != b)
        raise ValueError(
            "`split` must have its classes in the model's order; sort them as the model does. "
            f"Received: class {index} is {of_split[index]!r}, the model's is {of_model[index]!r}"
        )
    raise ValueError(
        f"`split` must have the model's {len(of_model)} classes, which begin with {of_model[:5]}. "
        f"Received: split with {len(of_split)} classes, which begin with {of_split[:5]}"
    )


def _warn_of_fit(of_model, of_split):
    if None not in (of_model, of_split) and of_model != of_split:
        warn_caller(
            f"the model was trained on images of any shape with fit={of_model!r}, and `split` has fit={of_split!r}; "
            "load the data with `fit=model.image_fit`"
        )


def _softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _checked_probabilities(outputs):
    if outputs.min() < 0 or outputs.max() > 1 + 1e-3:
        raise ValueError(
            "`model` must return probabilities; set `from_logits=True` if it returns logits. "
            f"Received: outputs from {outputs.min():.3g} to {outputs.max():.3g}"
        )
    return outputs
