"""Corrections in a classifier of this library: a head around its last head."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

import keras
import numpy as np

from ltzoo.heads.posthoc import PostHoc
from ltzoo.posthoc.correction import Correction, unchanged
from ltzoo.posthoc.decisions import Decisions
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.variables import assign_copy


def is_classifier(model: Any) -> bool:
    """Return whether a model has the parts of `ltzoo.protocols.Classifier` that are needed here."""
    parts = ("backbone", "heads", "head_numbers", "recipe", "class_counts", "class_names", "image_shape")
    return all(hasattr(model, part) for part in parts)


def without_correction(model: Any) -> Any:
    """Return the classifier as it was trained: with the same backbone, and without a correction of its logits."""
    if not isinstance(model.head, PostHoc):
        return model
    return _made_again(model, trained_recipe(model.recipe))


def trained_recipe(recipe: Recipe) -> Recipe:
    """Return a recipe without the stage that `with_correction` added; any other recipe unchanged."""
    last = recipe.stages[-1].head
    if len(recipe.stages) < 2 or last is None or last["name"] != "posthoc":
        return recipe
    return dataclasses.replace(recipe, stages=recipe.stages[:-1])


def with_correction(
    model: Any,
    correction: Correction | None = None,
    decisions: Decisions | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Any:
    """Return a classifier with a corrected head on the backbone of `model`, whose weights it shares.

    The recipe gains a stage of no epochs with the head "posthoc", so everything is saved, exported and published like
    any other head. A correction or decisions that `model` has already are replaced if new ones are given, and kept if
    not.

    Args:
        model: a classifier.
        correction: numbers for the logits; None keeps what is there.
        decisions: prediction sets and a threshold; None keeps what is there.
        facts: further plain data to store with them.
    """
    plain = without_correction(model)
    kept = correction_of(model) if correction is None else correction
    decisions = decisions_of_classifier(model) if decisions is None else decisions
    recipe, bank = cast(Recipe, plain.recipe), None if decisions.unknown is None else decisions.unknown.bank
    config = {
        "name": "posthoc",
        "inner": _last_head(recipe),
        "shift": kept.shift.tolist(),
        "temperature": kept.temperature,
        "decision": {
            "correction": {key: value for key, value in kept.to_dict().items() if key != "shift"},
            **(facts or {}),
            **decisions.to_dict(),
        },
    }
    if bank is not None:
        config["bank"] = list(bank.shape)
    stage = Stage(
        epochs=0,
        loss={"name": "cross_entropy"},
        head=config,
        scale=recipe.stages[-1].scale,
        trainable="head",
        batch_norm="frozen",
    )
    new = _made_again(plain, dataclasses.replace(recipe, stages=(*recipe.stages, stage)))
    new.head.begin(plain.head, None)
    if bank is not None:
        new.head.bank.assign(bank)
    return new


def correction_of(model: Any) -> Correction:
    """Return the correction in the last head of a classifier; the one that changes nothing if there is none."""
    head = model.head
    if not isinstance(head, PostHoc):
        return unchanged(int(model.num_classes))
    known = (head.decision or {}).get("correction") or {}
    return Correction(
        head.temperature, float(known.get("prior_share", 0.0)), head.shift, str(known.get("steps", "prior"))
    )


def decisions_of_classifier(model: Any) -> Decisions:
    """Return the decision rules in the last head of a classifier; empty ones if there are none."""
    head = model.head
    if not isinstance(head, PostHoc):
        return Decisions()
    bank = None if head.bank is None else np.array(_numpy(head.bank))
    return Decisions.from_dict(head.decision, bank)


def _last_head(recipe):
    return next(
        (dict(stage.head) for stage in reversed(recipe.stages[1:]) if stage.head is not None),
        dict(recipe.head),
    )


def _made_again(model, recipe):
    """Return a classifier with another list of stages; heads and techniques that both have keep their weights."""
    new = type(model)(
        model.backbone,
        recipe,
        model.class_counts,
        image_shape=model.image_shape,
        class_names=model.class_names,
        image_fit=model.image_fit,
        mean=model.mean,
        std=model.std,
        seed=model.seed,
        name=model.name,
        dtype=model.dtype_policy,
    )
    for old, made in [
        *zip(model.heads, new.heads, strict=False),
        *zip(model.techniques, new.techniques, strict=False),
    ]:
        if old is None or made is None:
            continue
        for target, source in zip(made.variables, old.variables, strict=True):
            assign_copy(target, source)
    new.finish_training(build_optimizer=False)
    return new


def _numpy(variable):
    return keras.ops.convert_to_numpy(variable.value)
