"""How long a training takes in all, from what its first steps took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ltzoo.phases import Phase

# Seconds per image of a stage, with a pass through the whole network in inference mode as 1. Only for what has not
# been measured yet.
_ALL, _SOME, _HEAD, _CACHED = 3.0, 2.0, 1.2, 0.003
_REPORT_SECONDS = 3.0
_LEAST_SECONDS = 2.0


class StagePlan(NamedTuple):
    """The work of one stage.

    Attributes:
        epochs: its epochs.
        train: training images per epoch.
        held_out: validation images that pass through the network per epoch.
        features: images whose features are computed before the first epoch.
        measured: images that are measured after the last epoch.
        weight: seconds per training image, relative to a pass through the network in inference mode.
    """

    epochs: int
    train: int
    held_out: int
    features: int
    measured: int
    weight: float


class Estimate:
    """The time that is left, as the sum over all work of images times seconds per image.

    Kinds of work are "forward", a pass in inference mode, and "stage 1", "stage 2", ... for training. Each kind is
    measured as soon as it runs; until then its seconds per image follow from another kind's. The first step or batch of
    a phase, which compiles, counts as time but not as speed.

    Args:
        plan: the work of each stage.
        clock: returns seconds.
        started: when the work began, by that clock; default: now.
    """

    def __init__(
        self,
        plan: Sequence[StagePlan],
        clock: Callable[[], float] = time.monotonic,
        started: float | None = None,
    ) -> None:
        self.plan, self.clock = list(plan), clock
        self.started = clock() if started is None else started
        self.weights = {
            "forward": 1.0,
            **{f"stage {n}": stage.weight for n, stage in enumerate(plan, start=1)},
        }
        self.left: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.images: dict[str, float] = {}
        self._phase: Phase | None = None
        self._since: float | None = None
        self.at(0, 0)
        self.left["forward"] += self.plan[0].features

    def at(self, stage: int, epoch: int) -> None:
        """Say which epoch of which stage begins, both from 0; everything before is done."""
        here, later = self.plan[stage], self.plan[stage + 1 :]
        left = here.epochs - epoch
        self.left = {f"stage {n}": 0.0 for n in range(1, stage + 1)}
        self.left[f"stage {stage + 1}"] = float(left * here.train)
        for number, plan in enumerate(later, start=stage + 2):
            self.left[f"stage {number}"] = float(plan.epochs * plan.train)
        self.left["forward"] = float(
            left * here.held_out
            + here.measured
            + sum(plan.features + plan.epochs * plan.held_out + plan.measured for plan in later)
        )

    def began(self, phase: Phase) -> None:
        """Start to measure a phase."""
        self._phase, self._since = phase, None

    def advanced(self, phase: Phase, count: int) -> None:
        """Count images that are done, and measure what they took."""
        kind, images = phase.kind, count * phase.images
        if kind not in self.left:
            return
        now = self.clock()
        if phase is self._phase and self._since is not None:
            self.seconds[kind] = self.seconds.get(kind, 0.0) + now - self._since
            self.images[kind] = self.images.get(kind, 0.0) + images
        self._phase, self._since = phase, now
        self.left[kind] = max(self.left[kind] - images, 0.0)

    def ended(self, phase: Phase) -> None:
        """Stop to measure a phase."""
        self._phase = self._since = None

    def is_sound(self) -> bool:
        """Return whether enough was measured for a first estimate."""
        return sum(self.seconds.values()) >= _LEAST_SECONDS

    def seconds_left(self) -> float | None:
        """Return the seconds that are left, or None before anything was measured."""
        # Copies: another thread asks while this one counts.
        seconds, measured, waiting = dict(self.seconds), dict(self.images), dict(self.left)
        rates = {kind: seconds[kind] / images for kind, images in measured.items() if images}
        if not rates:
            return None
        known = max(rates, key=lambda kind: seconds[kind])
        unit = rates[known] / self.weights[known]
        total = _REPORT_SECONDS
        for kind, images in waiting.items():
            total += images * rates.get(kind, unit * self.weights[kind])
        phase = self._phase
        if phase is not None and phase.total is not None and phase.kind in rates:
            # A pass that was not foreseen, such as features for a new head.
            images = (phase.total - phase.done) * phase.images
            total += max(images - waiting.get(phase.kind, 0.0), 0.0) * rates[phase.kind]
        return total

    def seconds_in_all(self) -> float | None:
        """Return the seconds from the start to the end, or None before anything was measured."""
        left = self.seconds_left()
        return None if left is None else self.clock() - self.started + left

    def text(self) -> str:
        """Return "about 12 min left", or "" before anything was measured."""
        left = self.seconds_left()
        return "" if left is None else f"about {duration(left)} left"


def plan_of(recipe: Any, dataset: Any, measured: int) -> list[StagePlan]:
    """Return the work of all stages of a recipe.

    Args:
        recipe: the recipe.
        dataset: its dataset.
        measured: images that are measured after every stage.
    """
    train = len(dataset.train)
    held_out = 0 if dataset.val is None else len(dataset.val)
    plan = []
    for stage in recipe.stages:
        cached = stage.cache_features
        features = train + held_out if cached and stage.epochs else 0  # Later stages use the same.
        plan.append(
            StagePlan(stage.epochs, train, 0 if cached else held_out, features, measured, _weight(stage))
        )
    return plan


def _weight(stage):
    if stage.cache_features:
        return _CACHED
    if isinstance(stage.trainable, str):
        return _ALL if stage.trainable == "all" else _HEAD
    return _SOME


def duration(seconds: float) -> str:
    """Return a time in words of at most two parts: "40 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    seconds = max(round(seconds), 1)
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return _parts(minutes, 60, "h", "min") if minutes < 48 * 60 else _parts(round(minutes / 60), 24, "d", "h")


def _parts(number: int, of: int, large: str, small: str) -> str:
    whole, rest = divmod(number, of)
    return f"{whole} {large}" + (f" {rest} {small}" if rest else "")
