"""Changes to how the stages of a recipe train: learning rates, and averages of weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ltzoo.checks import RANGES, is_number, refuse

if TYPE_CHECKING:
    from ltzoo.recipes.recipe import Stage

_POSITIVE = RANGES["Positive"]
_RATES = ("learning_rate", "end_learning_rate", "warmup_start")


def with_learning_rates(stages: Sequence[Stage], learning_rate: Any) -> list[Stage]:
    """Return stages whose schedules have other peaks and the same shapes.

    Args:
        stages: the stages of a recipe.
        learning_rate: one positive number per stage that trains; or one for the first of them, and the others change in
            proportion. Final rates and the starts of warm-ups change in proportion too.

    Raises:
        ValueError: a rate is no positive number, or there are too few or too many.
    """
    trained = [index for index, stage in enumerate(stages) if stage.epochs]
    alone = is_number(learning_rate)
    rates = [learning_rate] if alone else learning_rate
    right = "one positive learning rate, or one for each stage that trains"
    if not isinstance(rates, (list, tuple, np.ndarray)) or not all(rate in _POSITIVE for rate in rates):
        refuse("learning_rate", right, learning_rate)
    if not alone and len(rates) != len(trained):
        refuse("learning_rate", f"{right}, {len(trained)} here", learning_rate)
    changed = list(stages)
    if alone and trained:
        before = stages[trained[0]].schedule["learning_rate"]
        factor = learning_rate / before if before else None
        peaks = [stages[index].schedule["learning_rate"] for index in trained]
        rates = [learning_rate, *(learning_rate if factor is None else peak * factor for peak in peaks[1:])]
    for index, rate in zip(trained, rates, strict=True):
        changed[index] = dataclasses.replace(
            stages[index], schedule=_with_peak(stages[index].schedule, float(rate))
        )
    return changed


def with_averages(stages: Sequence[Stage], ema: Any) -> list[Stage]:
    """Return stages whose optimizers average the weights: `average = ema * average + (1 - ema) * weights`.

    Each stage ends with the averages as its weights, and held-out images are measured with them.

    Args:
        stages: the stages of a recipe.
        ema: share of the old average that stays in each step, between 0 and 1.

    Raises:
        ValueError: `ema` is not between 0 and 1.
    """
    if ema not in RANGES["BelowOne"] or ema == 0:
        refuse("ema", "a number above 0 and below 1, such as 0.999", ema)
    averaged = {"use_ema": True, "ema_momentum": float(ema)}
    return [
        dataclasses.replace(stage, optimizer={"name": "sgd", **stage.optimizer, **averaged})
        if stage.epochs
        else stage
        for stage in stages
    ]


def with_epochs(stages: Sequence[Stage], epochs: Sequence[int]) -> list[Stage]:
    """Return stages of other lengths, whose milestones, warm-ups and periods change in proportion.

    Args:
        stages: the stages of a recipe.
        epochs: epochs of each; 0 where a stage has 0.
    """
    return [
        dataclasses.replace(stage, epochs=number, schedule=_stretched(stage.schedule, number / stage.epochs))
        if number != stage.epochs
        else stage
        for stage, number in zip(stages, epochs, strict=True)
    ]


def _stretched(schedule, factor):
    changed = dict(schedule)
    for name in ("warmup_epochs", "period", "shift"):
        if changed.get(name):
            changed[name] = round(changed[name] * factor)
    if "milestones" in changed:
        changed["milestones"] = [round(milestone * factor) for milestone in changed["milestones"]]
    if changed.get("period") == 0:
        changed["period"] = 1
    return changed


def _with_peak(schedule, rate):
    before = schedule["learning_rate"]
    changed = dict(schedule)
    for name in _RATES:
        if schedule.get(name) is not None:
            changed[name] = (
                rate * (schedule[name] / before) if before and name != "learning_rate" else schedule[name]
            )
    changed["learning_rate"] = rate
    return changed
