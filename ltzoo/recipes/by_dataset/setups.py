"""Training set-ups of papers per dataset (`setups.toml`), and recipes in them."""

from __future__ import annotations

import dataclasses
import functools
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage

_FILE = Path(__file__).with_name("setups.toml")
# An epoch of deferred re-weighting shorter than this is not scaled with the others.
_SHORT = 10


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a paper does to all its methods on one dataset; `setups.toml` explains the fields."""

    batch_size: int
    learning_rate: float
    epochs: int | None = None
    steps: int | None = None
    warmup_steps: int = 0
    warmup_epochs: int = 0
    milestones: Sequence[int] = ()
    factors: Sequence[float] = ()
    retrain_epochs: int | None = None
    l2: float | None = None
    crop: int | None = None
    color_jitter: float = 0.0
    mixup_alpha: float | None = None
    trainable: Sequence[str] | None = None
    keep_retraining: bool = False
    one_stage: bool = False
    initialization: str | None = None
    resnext_initialization: str | None = None


@functools.cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def find(name: str, dataset: str) -> Setup | None:
    """Return a set-up for a dataset; None if the paper has none for it."""
    table = _tables()[name]
    if dataset not in table:
        return None
    shared = {key: value for key, value in table.items() if not isinstance(value, dict)}
    return Setup(**{**shared, **table[dataset]})


def in_setup(recipe: Recipe, setup: Setup, images: int) -> Recipe:
    """Return a recipe in a set-up.

    Stages that train the whole network share `epochs` in proportion; a last one of less than 10 epochs keeps them.
    Stages of the classifier get `retrain_epochs`. Those with a technique of their own, such as RIDE's router, stay as
    they are.

    Args:
        recipe: the recipe.
        setup: the set-up.
        images: training images, for set-ups in steps.
    """
    if setup.one_stage and len(recipe.stages) > 1:
        return recipe
    if setup.steps is not None:
        return _in_steps(recipe, setup, images)
    together = [stage for stage in recipe.stages if stage.trainable == "all"]
    shares, done, stages = _shares([stage.epochs for stage in together], setup.epochs), 0, []
    for stage in recipe.stages:
        if stage.trainable == "all":
            stage = _whole_network(stage, setup, shares.pop(0), done)
            done += stage.epochs
        elif stage.technique is not None and not setup.keep_retraining:
            stages.append(dataclasses.replace(stage, augmentation=_augmentation(stage, setup)))
            continue
        elif stage.epochs:
            stage = _classifier(stage, setup)
        stages.append(_images(stage, setup))
    return dataclasses.replace(recipe, stages=tuple(stages))


def _in_steps(recipe, setup, images):
    """Set warm-up and cosine of a number of steps in the first stage; diverse experts keep their own set-up."""
    if any(config["name"] == "experts" for config in recipe.conversions):
        return recipe
    epochs = round(setup.steps / math.ceil(images / setup.batch_size))
    warmup = round(epochs * setup.warmup_steps / setup.steps)
    schedule = {
        "name": "cosine", "learning_rate": 0.1, "warmup_epochs": warmup, "warmup_start": 0.05,
        "period": epochs - warmup,
    }  # fmt: skip
    first = dataclasses.replace(recipe.stages[0], epochs=epochs, schedule=schedule)
    return dataclasses.replace(recipe, stages=(first, *recipe.stages[1:]))


def _whole_network(stage: Stage, setup: Setup, epochs: int, done: int) -> Stage:
    """Return a stage that trains everything, after `done` epochs of the run that it continues."""
    changes: dict[str, Any] = {"epochs": epochs, "schedule": _schedule(setup, done)}
    if setup.trainable is not None:
        changes["trainable"] = setup.trainable
    return dataclasses.replace(stage, **changes)


def _classifier(stage: Stage, setup: Setup) -> Stage:
    if setup.retrain_epochs is None:
        return stage
    changes: dict[str, Any] = {"epochs": setup.retrain_epochs}
    if not setup.keep_retraining:
        changes["schedule"] = {"name": "cosine", "learning_rate": setup.learning_rate}
    return dataclasses.replace(stage, **changes)


def _images(stage: Stage, setup: Setup) -> Stage:
    """Set what concerns the images of any stage: batch, augmentation, mixup and weight decay."""
    changes: dict[str, Any] = {
        "batch_size": setup.batch_size, "augmentation": _augmentation(stage, setup)
    }  # fmt: skip
    if stage.mixup_alpha and setup.mixup_alpha is not None:
        changes["mixup_alpha"] = setup.mixup_alpha
    if stage.epochs and setup.l2 is not None:
        changes["optimizer"] = {**stage.optimizer, "l2": setup.l2}
    return dataclasses.replace(stage, **changes)


def _shares(epochs, total):
    """Split `total` epochs over the stages of one run in proportion; a short last stage keeps its epochs."""
    if len(epochs) == 2 and epochs[1] < _SHORT:
        return [total - epochs[1], epochs[1]]
    shares = [round(total * number / sum(epochs)) for number in epochs]
    return [*shares[:-1], total - sum(shares[:-1])]


def _schedule(setup, done):
    """Return the part of the set-up's schedule that begins after `done` epochs."""
    schedule: dict[str, Any] = {"learning_rate": setup.learning_rate}
    if setup.warmup_epochs and not done:
        schedule["warmup_epochs"] = setup.warmup_epochs
    if setup.milestones:
        later = [milestone - done for milestone in setup.milestones]
        return {"name": "multi_step", **schedule, "milestones": later, "factors": list(setup.factors)}
    return {"name": "cosine", **schedule} | ({"period": setup.epochs, "shift": done} if done else {})


def _augmentation(stage, setup):
    """Replace padded crops by random resized ones, drop CIFAR policies, and use RandAugment for views."""
    if setup.crop is None or not stage.augmentation:
        return stage.augmentation
    steps = [{"name": "imagenet_train_crop", "size": setup.crop, "color_jitter": setup.color_jitter}]
    for step in stage.augmentation:
        if step["name"] == "per_view":
            rand = [{"name": "rand_augment", "num_ops": 2, "magnitude": 10}]
            steps.append({"name": "per_view", "steps": [rand for _ in step["steps"]]})
        elif step["name"] not in ("auto_augment", "cutout", *(item["name"] for item in CROP_FLIP)):
            steps.append(step)
    return tuple(steps)
