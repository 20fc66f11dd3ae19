"""Checks of the plain data in a stage: names, arguments and values, without importing a framework."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ltzoo import part_sources
from ltzoo.arguments import check
from ltzoo.checks import did_you_mean, received, refuse
from ltzoo.recipes.learning_rates import learning_rates
from ltzoo.registry import check_names

# What a stage takes besides the optimizers of `ltzoo.training`; Keras checks their arguments.
KERAS_OPTIMIZERS = (
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop",
)  # fmt: skip
# Arguments of the sampler that the stage or the training sets.
_SET = ("self", "labels", "batch_size", "seed", "num_classes", "shard_index", "shard_count", "drop_remainder")


def check_parts(stage: Any) -> None:
    """Refuse a stage whose loss, head, sampler, schedule or another part cannot be made.

    Raises:
        ValueError: a name is unknown, an argument does not exist or its value does not fit.
    """
    for field in ("loss", "sampler", "augmentation", "optimizer", "schedule", "head", "cloud", "technique"):
        check_finite(field, getattr(stage, field))
    part_sources.check_config("loss", stage.loss, "loss")
    for field in ("head", "technique"):
        if getattr(stage, field) is not None:
            part_sources.check_config(field, getattr(stage, field), field)
    for step in stage.augmentation:
        part_sources.check_config("augmentation step", step, "augmentation")
    if stage.cloud is not None:
        cloud = _without_keywords(part_sources.signature("layers/gaussian_cloud.py", "GaussianCloud"))
        check_names("cloud", "of the stage", cloud, stage.cloud)
        check(cloud, stage.cloud, " for `cloud`")
    learning_rates(stage.schedule, stage.epochs)
    _check_optimizer(stage.optimizer)
    _check_sampler(stage.sampler)
    if stage.technique is None and stage.sampler.get("companion") and stage.sampler.get("views", 1) > 1:
        refuse("views", "1 with a companion, unless a technique takes the groups", stage.sampler["views"])


def _without_keywords(signature: inspect.Signature) -> inspect.Signature:
    """Return a layer's signature without Keras's own arguments and what the model sets."""
    kept = [
        parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD and name != "class_counts"
    ]
    return signature.replace(parameters=kept)


def check_finite(name: str, value: Any) -> None:
    """Refuse numbers that are not finite, and keys that are not strings, at any depth of plain data."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if not isinstance(key, str):
                refuse(name, "a dict whose keys are strings", value)
            check_finite(f"{name}[{key!r}]", entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            check_finite(name, entry)
    elif isinstance(value, float) and not math.isfinite(value):
        refuse(name, "a finite number", value)


def plain_value(value: Any) -> Any:
    """Return a value as JSON returns it: NumPy's numbers and arrays, and tuples, become Python's numbers and lists."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain_value(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(entry) for entry in value]
    return value


def _check_optimizer(config: Mapping[str, Any]) -> None:
    name = config.get("name", "sgd")
    if "learning_rate" in config:
        raise ValueError(
            "`optimizer` must not set 'learning_rate'; set it in `schedule`. "
            f"{received('optimizer', dict(config))}"
        )
    own = part_sources.names("optimizer")
    if name in own:
        part_sources.check_config("optimizer", {**config, "name": name}, "optimizer")
        return
    # Keras finds the user's own class by a name with its package, such as "mine>Lookahead".
    if not isinstance(name, str) or (name.lower() not in KERAS_OPTIMIZERS and ">" not in name):
        known = [*own, *KERAS_OPTIMIZERS]
        raise ValueError(
            f"`optimizer` must name one of {', '.join(known)}.{did_you_mean(name, known)} "
            f"{received('optimizer', dict(config))}"
        )


def _check_sampler(config: Mapping[str, Any]) -> None:
    strategy = config.get("strategy", "instance_balanced")
    part_sources.check_name("sampling strategy", strategy, "strategy")
    given = {key: value for key, value in config.items() if key != "strategy"}
    parameters = {
        **part_sources.signature("sampling/class_sampler.py", "ClassSampler").parameters,
        **part_sources.signature("sampling/grouped.py", "make_sampler").parameters,
        **part_sources.parts("sampling strategy")[strategy].parameters,  # pyright: ignore[reportOptionalMemberAccess]
    }
    kept = [
        parameter.replace(kind=parameter.KEYWORD_ONLY)
        for key, parameter in parameters.items()
        if key not in (*_SET, "class_counts", "epoch", "strategy", "strategy_parameters", "arguments")
    ]
    signature = inspect.Signature(kept)
    check_names("sampling strategy", strategy, signature, given)
    check(signature, given, f" for the sampler {strategy!r}")
    if given.get("companion") is not None:
        _check_sampler(given["companion"])
