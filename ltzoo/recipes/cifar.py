"""Settings shared by the published CIFAR set-ups."""

from collections.abc import Sequence
from typing import Any

CROP_FLIP = ({"name": "pad_crop_flip", "padding": 4, "flip": True},)
SGD = {"name": "sgd", "momentum": 0.9, "l2": 2e-4}


def step_schedule(
    learning_rate: float,
    epochs: int,
    factors: Sequence[float],
    shares: Sequence[float] = (0.8, 0.9),
    warmup: int = 5,
) -> dict[str, Any]:
    """Return a schedule that multiplies the rate by `factors` after `shares` of the epochs (160 and 180 of 200).

    The warm-up takes `warmup` epochs, or fewer in short runs.
    """
    return {
        "name": "multi_step",
        "learning_rate": learning_rate,
        **({"warmup_epochs": min(warmup, epochs // 8)} if warmup else {}),
        "milestones": [round(share * epochs) for share in shares],
        "factors": list(factors),
    }


def continued(schedule: dict[str, Any], epochs: int) -> dict[str, Any]:
    """Return a `step_schedule` from epoch `epochs` on, for a stage that continues the run of earlier stages."""
    milestones = [milestone - epochs for milestone in schedule["milestones"]]
    return {**schedule, "warmup_epochs": 0, "milestones": milestones}
