"""Learning rates as tables with one rate per epoch, and the Keras schedule that reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


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
        ValueError: if the name or a parameter is unknown.
    """
    if not isinstance(schedule, Mapping) or "learning_rate" not in schedule:
        raise ValueError(
            f"`schedule` must be a dict with at least 'learning_rate'. Received: schedule={schedule!r}"
        )
    parameters = {"name": "constant", **schedule}
    name = parameters.pop("name")
    if name not in _SHAPES:
        raise ValueError(f"`name` of the schedule must be one of {sorted(_SHAPES)}. Received: name={name!r}")
    peak = float(parameters.pop("learning_rate"))
    warmup = int(parameters.pop("warmup_epochs", 0))
    start = parameters.pop("warmup_start", None)
    epoch = np.arange(epochs, dtype=np.float64)
    try:
        rates = _SHAPES[name](epoch, peak, max(warmup - 1, 0), epochs, **parameters)
    except TypeError as error:
        raise ValueError(
            f"`schedule` must hold the parameters of {name!r} only ({error}). Received: schedule={dict(schedule)!r}"
        ) from None
    if warmup > 0:
        start = peak / warmup if start is None else float(start)
        rising = start + (peak - start) * epoch / max(warmup - 1, 1)
        rates = np.where(epoch < warmup, rising if warmup > 1 else peak, rates)
    return rates


def _constant(epoch, peak, first, epochs):
    return np.full(epoch.shape, peak)


def _multi_step(epoch, peak, first, epochs, milestones, factors):
    if len(milestones) != len(factors) or list(milestones) != sorted(milestones):
        raise ValueError(
            "`milestones` must be in ascending order, with one entry of `factors` for each. "
            f"Received: milestones={milestones}, factors={factors}"
        )
    table = np.array([1.0, *factors])
    return peak * table[np.searchsorted(np.asarray(milestones, np.float64), epoch, side="right")]


def _cosine(epoch, peak, first, epochs, end_learning_rate=0.0, period=None, shift=0):
    period = max(epochs - first, 1) if period is None else period
    angle = np.pi * (epoch - first + shift) / period
    return end_learning_rate + (peak - end_learning_rate) / 2 * (1 + np.cos(angle))


def _linear(epoch, peak, first, epochs, end_learning_rate=0.0):
    return end_learning_rate + (peak - end_learning_rate) * (1 - (epoch - first) / max(epochs - first, 1))


_SHAPES = {"constant": _constant, "multi_step": _multi_step, "cosine": _cosine, "linear": _linear}


@keras.saving.register_keras_serializable(package="ltzoo")
class EpochSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of the epoch that an optimizer step falls in.

    It is a pure function of the optimizer's step counter, so a restored optimizer resumes at the right rate.

    Args:
        rates: one rate per epoch; the last one applies to all later steps.
        steps_per_epoch: optimizer steps per epoch.

    Raises:
        ValueError: if there are no rates, or `steps_per_epoch` is below 1.
    """

    def __init__(self, rates: Sequence[float] | np.ndarray, steps_per_epoch: int) -> None:
        super().__init__()
        self.rates = [float(rate) for rate in rates]
        self.steps_per_epoch = int(steps_per_epoch)
        if not self.rates or self.steps_per_epoch < 1:
            raise ValueError(
                "`rates` must hold at least one rate and `steps_per_epoch` must be positive. "
                f"Received: {len(self.rates)} rates, steps_per_epoch={steps_per_epoch}"
            )

    def __call__(self, step):
        """Return the float32 rate of optimizer step number `step`."""
        epoch = ops.cast(step, "int32") // self.steps_per_epoch
        epoch = ops.minimum(epoch, len(self.rates) - 1)
        return ops.take(ops.convert_to_tensor(self.rates, dtype="float32"), epoch)

    def get_config(self):
        """Return the constructor arguments."""
        return {"rates": self.rates, "steps_per_epoch": self.steps_per_epoch}
