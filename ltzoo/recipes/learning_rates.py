"""Learning rates as tables with one rate per epoch."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.arguments import check
from ltzoo.checks import NonNegative, NonNegativeInt, Positive, one_of, received, refuse
from ltzoo.registry import check_names


def learning_rates(schedule: Mapping[str, Any], epochs: int) -> np.ndarray:
    """Return the learning rate of each epoch.

    With the peak rate `r`, the final rate `r_end`, the warm-up length `W` and epochs `e = 0 .. epochs-1`:

    - `constant`: `r`.
    - `multi_step`: `r * factors[i]` from epoch `milestones[i]` on, and `r` before the first milestone.
    - `cosine`: `r_end + (r - r_end) / 2 * (1 + cos(pi * (e - s + shift) / period))` with `s = max(W - 1, 0)`.
      `period` defaults to `epochs - s`, so the last epoch still has a positive rate. `shift=1` gives the form
      that steps before the first epoch and ends at `r_end`.
    - `linear`: `r_end + (r - r_end) * (1 - (e - s) / (epochs - s))`, so the last epoch still has a positive rate.

    During the first `W` epochs the rate instead rises linearly, from `warmup_start` at epoch 0 (default `r / W`)
    to `r` at epoch `W - 1`.

    Args:
        schedule: a dict with `name`, `learning_rate` and the parameters above (`warmup_epochs`, `warmup_start`,
            `milestones`, `factors`, `end_learning_rate`, `period`, `shift`).
        epochs: number of epochs.

    Returns:
        float64 array `[epochs]`.

    Raises:
        ValueError: if the name or a parameter is unknown, missing or out of range.
    """
    if not isinstance(schedule, Mapping) or "learning_rate" not in schedule:
        refuse("schedule", "a dict with at least 'learning_rate'", schedule)
    parameters = {"name": "constant", **schedule}
    name = one_of("name", parameters.pop("name"), _SHAPES)
    signature = inspect.signature(_SHAPES[name])
    known = list(signature.parameters.values())[2:]
    signature = signature.replace(parameters=known)
    check_names("schedule", name, signature, parameters)
    check(signature, parameters, f" for the schedule {name!r}")
    missing = [entry.name for entry in known if entry.default is entry.empty and entry.name not in parameters]
    if missing:
        raise ValueError(
            f"`schedule` {name!r} needs {', '.join(missing)}. {received('schedule', dict(schedule))}"
        )
    epoch = np.arange(epochs, dtype=np.float64)
    peak, warmup, start = (
        parameters.get(key, default)
        for key, default in (("learning_rate", None), ("warmup_epochs", 0), ("warmup_start", None))
    )
    rates = _SHAPES[name](epoch, epochs, **parameters)
    if warmup > 0:
        start = peak / warmup if start is None else float(start)
        rising = start + (peak - start) * epoch / max(warmup - 1, 1)
        rates = np.where(epoch < warmup, rising if warmup > 1 else peak, rates)
    return rates


def _constant(
    epoch,
    epochs,
    learning_rate: NonNegative,
    warmup_epochs: NonNegativeInt = 0,
    warmup_start: NonNegative | None = None,
):
    return np.full(epoch.shape, float(learning_rate))


def _multi_step(
    epoch,
    epochs,
    learning_rate: NonNegative,
    milestones: Sequence[float],
    factors: Sequence[NonNegative],
    warmup_epochs: NonNegativeInt = 0,
    warmup_start: NonNegative | None = None,
):
    if len(milestones) != len(factors) or list(milestones) != sorted(milestones):
        raise ValueError(
            "`milestones` must be in ascending order, with one entry of `factors` for each. "
            f"Received: milestones={milestones}, factors={factors}"
        )
    table = np.array([1.0, *factors])
    return learning_rate * table[np.searchsorted(np.asarray(milestones, np.float64), epoch, side="right")]


def _cosine(
    epoch,
    epochs,
    learning_rate: NonNegative,
    end_learning_rate: NonNegative = 0.0,
    period: Positive | None = None,
    shift: float = 0,
    warmup_epochs: NonNegativeInt = 0,
    warmup_start: NonNegative | None = None,
):
    first = max(warmup_epochs - 1, 0)
    period = max(epochs - first, 1) if period is None else period
    angle = np.pi * (epoch - first + shift) / period
    return end_learning_rate + (learning_rate - end_learning_rate) / 2 * (1 + np.cos(angle))


def _linear(
    epoch,
    epochs,
    learning_rate: NonNegative,
    end_learning_rate: NonNegative = 0.0,
    warmup_epochs: NonNegativeInt = 0,
    warmup_start: NonNegative | None = None,
):
    first = max(warmup_epochs - 1, 0)
    share = 1 - (epoch - first) / max(epochs - first, 1)
    return end_learning_rate + (learning_rate - end_learning_rate) * share


_SHAPES = {"constant": _constant, "multi_step": _multi_step, "cosine": _cosine, "linear": _linear}
