"""Outputs and features of a model on labeled or unlabelled images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltzoo.contracts.image_arrays import check_images, is_array, warn_of_scale
from ltzoo.contracts.labels import check_labels, check_same_length

_BATCH = 256


def outputs_on(model: Any, data: Any, argument: str = "data") -> tuple[np.ndarray, np.ndarray | None]:
    """Return what a model returns for images, float64 `[N, C]`, and their labels.

    Args:
        model: a `keras.Model`, an `OnnxModel`, or anything with `predict_on_batch(images)` or `predict(images)`.
        data: a split with `labels` and `load(positions)`; a pair (images, labels); a pair whose second entry is None,
            or an array of images, for images without labels.
        argument: its name in errors.

    Returns:
        outputs, and labels int64 `[N]` or None.
    """
    return _on(_predictor(model), model, data, argument)


def features_on(model: Any, data: Any, argument: str = "data") -> np.ndarray:
    """Return the pooled features float64 `[N, D]` of a classifier of this library."""
    return _on(model.extract_features_on_batch, model, data, argument)[0]


def _on(predict, model, data, argument):
    labels, load, count = _opened(model, data, argument)
    found, batch = [], min(_BATCH, count)
    for start in range(0, count, batch):
        images = np.asarray(load(np.arange(start, min(start + batch, count))))
        # Fill every batch to one size, so that the model is compiled only once.
        missing = batch - len(images)
        filled = np.concatenate([images, np.repeat(images[:1], missing, axis=0)]) if missing else images
        outputs = predict(filled)
        if not hasattr(outputs, "__array__"):
            raise ValueError(
                f"`model` must return one array [images, classes]. Received: a {type(outputs).__name__} of outputs"
            )
        found.append(np.asarray(outputs, "float64")[: len(images)])
    outputs = np.concatenate(found)
    names = getattr(model, "class_names", None)
    if labels is not None:
        labels = check_labels(labels, None, f"{argument} labels", class_names=names)
    return outputs, labels


def _opened(model, data, argument):
    if hasattr(data, "labels") and hasattr(data, "load"):
        expected, found = getattr(model, "class_names", None), getattr(data, "class_names", None)
        if expected is not None and found is not None and list(expected) != list(found):
            raise ValueError(
                f"`{argument}` must have the model's classes in the model's order. "
                f"Received: {list(found)[:5]}; the model has {list(expected)[:5]}"
            )
        labels, load, count = data.labels, data.load, len(data.labels)
    else:
        images, labels = data if isinstance(data, (tuple, list)) and len(data) == 2 else (data, None)
        shape = getattr(model, "image_shape", None)
        if shape is not None:
            check_images(images, argument, image_shape=shape, floats=True)
            warn_of_scale(images, argument)
        elif not is_array(images):
            raise ValueError(
                f"`{argument}` must be a split, a pair (images, labels) or an array of images. "
                f"Received: {argument} of type {type(data).__name__}"
            )
        if labels is not None:
            check_same_length(images, labels, f"{argument}[0]", f"{argument}[1]")
        count = len(images)

        def load(positions):
            return images[positions[0] : positions[-1] + 1]

    if not count:
        raise ValueError(f"`{argument}` must hold an image or more. Received: none")
    return labels, load, count


def _predictor(model):
    return model.predict_on_batch if hasattr(model, "predict_on_batch") else model.predict
