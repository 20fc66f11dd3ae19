"""`prediction_sets`, `abstention` and what stores them in a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt, Seed, one_of
from ltzoo.posthoc.classifiers import decisions_of_classifier, is_classifier, with_correction
from ltzoo.posthoc.conformal import PredictionSets, sets_from_probabilities
from ltzoo.posthoc.decisions import Decisions, probabilities_of
from ltzoo.posthoc.keras_models import keras_decisions, with_added_layer
from ltzoo.posthoc.model_outputs import features_on, outputs_on
from ltzoo.posthoc.rebalance_logits import Rebalanced
from ltzoo.posthoc.rebalancing import opened
from ltzoo.posthoc.unknown import METHODS, Unknown, unknown_threshold


@checked
def prediction_sets(
    model_or_probabilities: Any,
    calibration: Any = None,
    alpha: float = 0.1,
    *,
    class_counts: Sequence[int] | np.ndarray | None = None,
    score: str = "lac",
    min_images: PositiveInt | None = None,
    outputs: str | None = None,
) -> PredictionSets:
    """Calibrate sets of classes that hold the true one with probability 1 - alpha: split conformal prediction.

    The score of class c is 1 - p_c for "lac" (Sadinle, Lei & Wasserman, JASA 2019: the smallest sets) or the sum of the
    probabilities down to p_c for "aps" (Romano, Sesia & Candes, NeurIPS 2020, without their random numbers: sets that
    grow where the model is unsure, and cover a little more than promised). The threshold of a class is the
    ceil((n + 1)(1 - alpha))-th smallest score of its n calibration images (label-conditional, Vovk 2012), so the
    promise holds for each class, rare or not, and at any class shares. A class with few calibration images shares the
    threshold of all such classes of its shot group. What remains of the promise is in `PredictionSets.guarantee`.

    The promise assumes calibration images that the model was not trained on, and new images of a class that are like
    them. The most probable class is always in the set.

    Args:
        model_or_probabilities: a classifier, Keras model or ONNX file; a `Rebalanced`, which is calibrated on its own
            held-out images, out of fold; or probabilities `[N, C]`.
        calibration: for a model, held-out images with labels (a split or a pair); for probabilities, the labels `[N]`;
            for a `Rebalanced`, None.
        alpha: accepted share of images whose true class is missing, in (0, 1).
        class_counts: training images per class, for the shot groups. Default: those that the model knows. Without them
            all classes with few calibration images are one group.
        score: "lac" or "aps".
        min_images: calibration images from which on a class has its own threshold. Default: 20, and never fewer than
            1 / alpha - 1, with which no finite threshold exists.
        outputs: "logits" or "probabilities": what a model returns. Default: told by the values.

    Raises:
        ValueError: an argument is wrong.
    """
    rules = {"class_counts": class_counts, "score": score, "min_images": min_images}
    if isinstance(model_or_probabilities, Rebalanced):
        done = model_or_probabilities
        if rules["class_counts"] is None:
            rules["class_counts"] = getattr(done.model, "class_counts", None)
        return sets_from_probabilities(
            probabilities_of(done.out_of_fold, "logits"), done.labels, alpha, **rules
        )
    model = opened(model_or_probabilities)
    if model is None:
        return sets_from_probabilities(model_or_probabilities, calibration, alpha, **rules)
    found, labels = outputs_on(model, calibration, "calibration")
    if labels is None:
        raise ValueError("`calibration` must have labels. Received: images without labels")
    if rules["class_counts"] is None:
        rules["class_counts"] = getattr(model, "class_counts", None)
    kind = "logits" if is_classifier(model) else outputs
    return sets_from_probabilities(probabilities_of(found, kind), labels, alpha, **rules)


@checked
def abstention(
    model_or_logits: Any,
    held_out: Any = None,
    *,
    method: str = "energy",
    keep: float = 0.95,
    bank: Any = None,
    neighbors: PositiveInt = 10,
    bank_images: PositiveInt = 5000,
    seed: Seed = 0,
) -> Unknown:
    """Set the threshold above which an image counts as one of no known class; see `unknown_scores` for the methods.

    Args:
        model_or_logits: a classifier, Keras model or ONNX file; a `Rebalanced`; or logits `[N, C]`.
        held_out: for a model, images of known classes that it was not trained on (a split, a pair or an array); None
            for logits and a `Rebalanced`.
        method: "softmax", "energy" or "knn"; "knn" is for classifiers of this library.
        keep: share of images of known classes that stay known, in (0, 1).
        bank: training images, for "knn": a split, a pair or an array.
        neighbors: k of "knn".
        bank_images: the most images whose features are stored, drawn evenly over the bank.
        seed: draws them.

    Raises:
        ValueError: an argument is wrong, or the method lacks its input.
    """
    one_of("method", method, METHODS)
    if isinstance(model_or_logits, Rebalanced):
        return unknown_threshold(model_or_logits.out_of_fold, method=method, keep=keep)
    model = opened(model_or_logits)
    if method != "knn":
        found = model_or_logits if model is None else outputs_on(model, held_out, "held_out")[0]
        return unknown_threshold(found, method=method, keep=keep)
    if model is None or not is_classifier(model) or bank is None:
        raise ValueError(
            '`model_or_logits` must be a classifier of this library, and `bank` its training images, for method="knn"; '
            "with features of another model call ltzoo.posthoc.unknown_threshold. "
            f"Received: model_or_logits of type {type(model_or_logits).__name__}, "
            f"bank of type {type(bank).__name__}"
        )
    features = features_on(model, bank, "bank")
    if len(features) > bank_images:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(features))[:bank_images])
        features = features[chosen]
    return unknown_threshold(
        features=features_on(model, held_out, "held_out"),
        method="knn",
        keep=keep,
        bank=features,
        neighbors=min(neighbors, len(features)),
    )


def with_decisions(model: Any, sets: PredictionSets | None = None, unknown: Unknown | None = None) -> Any:
    """Return a model that stores prediction sets and a threshold, with the outputs of `model`.

    `model.save`, `model.export` and `ltzoo push` keep them. Rules that the model has already stay unless new ones of
    the same kind are given.

    Args:
        model: a classifier, or a Keras model that `rebalance` returned.
        sets: prediction sets for the probabilities of this very model.
        unknown: a threshold for its outputs or features.

    Raises:
        ValueError: the model is neither, or the sets have another number of classes.
    """
    if not is_classifier(model) and not isinstance(model, keras.Model):
        raise ValueError(f"`model` must be a classifier or a Keras model. Received: a {type(model).__name__}")
    before = decisions_of(model)
    new = Decisions(before.sets if sets is None else sets, before.unknown if unknown is None else unknown)
    classes = model.num_classes if is_classifier(model) else int(model.output_shape[-1])
    if new.sets is not None and len(new.sets.thresholds) != classes:
        raise ValueError(
            f"`sets` must be for the {classes} classes of the model. "
            f"Received: sets for {len(new.sets.thresholds)} classes"
        )
    if is_classifier(model):
        return with_correction(model, decisions=new)
    last: Any = model.layers[-1]
    kind = getattr(last, "outputs", None)
    if kind is None:
        raise ValueError(
            "`model` must be a model that ltzoo.posthoc.rebalance returned, so that its kind of outputs is known. "
            f"Received: a model that ends with a {type(last).__name__}"
        )
    return with_added_layer(model, kind, decisions=new)


def decisions_of(model: Any) -> Decisions:
    """Return the decision rules that a classifier or a Keras model stores; empty ones if there are none.

    The result has `sets_for(probabilities)` and `is_unknown(logits, features)`.
    """
    if is_classifier(model):
        return decisions_of_classifier(model)
    return keras_decisions(model)
