"""`rebalance`: correct a trained model, or its outputs, for the class shares it will meet."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Seed, one_of, received
from ltzoo.posthoc.classifiers import is_classifier, with_correction, without_correction
from ltzoo.posthoc.fit import OBJECTIVES
from ltzoo.posthoc.keras_models import with_added_layer, without_added_layer
from ltzoo.posthoc.model_outputs import outputs_on
from ltzoo.posthoc.onnx_files import CorrectedOnnxModel, OnnxModel
from ltzoo.posthoc.outputs import KINDS
from ltzoo.posthoc.prior_estimation import METHODS
from ltzoo.posthoc.priors import training_prior
from ltzoo.posthoc.rebalance_logits import Rebalanced, rebalance_logits


@checked
def rebalance(
    model_or_logits: Any,
    data_or_labels: Any,
    class_counts: Sequence[int] | np.ndarray | Mapping[str, int] | None = None,
    prior: str | Sequence[float] | np.ndarray | Mapping[str, float] = "uniform",
    *,
    unlabelled: Any = None,
    estimator: str = "em",
    classes: Iterable[str | int] | None = None,
    class_names: Sequence[str] | None = None,
    bias: bool = False,
    objective: str = "nll",
    outputs: str | None = None,
    seed: Seed = 0,
) -> Rebalanced:
    """Correct a trained model for the class shares it will meet, from held-out images alone.

    The corrected logits are z' = z / T - tau log p + log q + b: a temperature T, a share tau of the log training prior
    p, the log target prior q, and a bias b per class if asked. They minimize the negative log likelihood of the
    held-out images, weighted to the class shares q. Cross-validation decides how many of these numbers are used; see
    `ltzoo.posthoc.fit_correction`. Nothing else of the model changes.

        result = rebalance(model, dataset.val)           # for equally frequent classes
        print(result.report)
        result.model.save("better.keras")

    Args:
        model_or_logits: a `LongTailedClassifier`; any `keras.Model` with one output; the path of an ONNX file (or an
            `OnnxModel`); or outputs `[N, C]` of any model: logits or probabilities.
        data_or_labels: for a model, held-out images that it was not trained on: a split such as `dataset.val`, or a
            pair (images, labels). For outputs, the labels `[N]`: class indices, or names with `class_names`.
        class_counts: training images per class `[C]`, or a dict by class name. Default: those that the model knows.
        prior: class shares q that the model shall assume: "uniform"; "train"; shares or counts per class, or a dict
            by class name (0 excludes a class); or "estimate" from `unlabelled` images.
        unlabelled: images, or outputs, of the kind of the first argument, for `prior="estimate"`.
        estimator: "em", "bbse" or "rlls"; see `estimate_prior`.
        classes: names or indices of the only classes that may be predicted, such as the species of a region.
        class_names: names in class order. Default: those that the model knows.
        bias: also try a bias per class.
        objective: "nll", or "accuracy" to choose tau by the accuracy at the target prior.
        outputs: "logits" or "probabilities": what the model returns. Default: told by the values.
        seed: chooses the folds of the cross-validation and the resamples of the intervals.

    Returns:
        a `Rebalanced`: `apply(outputs)`, `report`, `to_dict()`, and `model`: a new model of the same kind, None for
        outputs. The classifier or Keras model shares its layers with the given one; an ONNX model is written by
        `result.model.write(path)`.

    Raises:
        ValueError: an argument is wrong; the training counts are unknown; or the outputs are neither logits nor
            probabilities.
    """
    one_of("objective", objective, OBJECTIVES)
    one_of("estimator", estimator, METHODS)
    if outputs is not None:
        one_of("outputs", outputs, KINDS)
    fit = {"prior": prior, "estimator": estimator, "classes": classes, "bias": bias, "objective": objective}
    fit["seed"] = seed
    source = opened(model_or_logits)
    if source is None:
        found, labels = model_or_logits, data_or_labels
    else:
        class_names = getattr(source, "class_names", None) if class_names is None else class_names
        class_counts = getattr(source, "class_counts", None) if class_counts is None else class_counts
        outputs = "logits" if is_classifier(source) else outputs
        source = plain(source)
        found, labels = outputs_on(source, data_or_labels, "data_or_labels")
        if labels is None:
            raise ValueError(
                "`data_or_labels` must be labeled images: a split, or a pair (images, labels). "
                f"Received: {type(data_or_labels).__name__} without labels"
            )
        if unlabelled is not None:
            unlabelled, _ = outputs_on(source, unlabelled, "unlabelled")
    if class_counts is None:
        raise ValueError(
            "`class_counts` must be the training images per class, which this model does not know. "
            f"{received('class_counts', None)}"
        )
    columns = np.shape(found)[-1] if np.ndim(found) else 0
    counts = training_prior(class_counts, columns, class_names)
    result = rebalance_logits(
        found, labels, counts, unlabelled=unlabelled, class_names=class_names, kind=outputs, **fit
    )
    return (
        result
        if source is None
        else dataclasses.replace(result, model=_corrected(source, result, data_or_labels))
    )


def opened(model: Any) -> Any:
    """Return the model that an argument is or names; None for an array of outputs."""
    if isinstance(model, (str, os.PathLike)):
        if os.fspath(model).lower().endswith(".onnx"):
            return OnnxModel(model)
        raise ValueError(
            "`model_or_logits` must be a model, outputs, or the path of an .onnx file; load other files first, with "
            f"ltzoo.models.load or keras.saving.load_model. {received('model_or_logits', str(model))}"
        )
    return model if hasattr(model, "predict") or is_classifier(model) else None


def plain(model: Any) -> Any:
    """Return a model without the correction that an earlier call gave it."""
    if is_classifier(model):
        return without_correction(model)
    return without_added_layer(model) if isinstance(model, keras.Model) else model


def _corrected(source, result, data):
    facts = {"target": result.target.tolist()}
    if is_classifier(source):
        return with_correction(source, result.correction, facts=facts)
    if isinstance(source, keras.Model):
        images = None if hasattr(data, "load") else data[0]
        shape = getattr(data, "image_shape", None) if images is None else np.shape(images)[1:]
        return with_added_layer(source, result.outputs, result.correction, facts=facts, input_shape=shape)
    if isinstance(source, OnnxModel):
        return CorrectedOnnxModel(source, result.outputs, result.correction)
    return None
