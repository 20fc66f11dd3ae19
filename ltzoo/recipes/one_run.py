"""The training set-up of Cao et al. (2019), in one stage or with a deferred second one."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, continued, step_schedule
from ltzoo.recipes.recipe import Stage


def cao_stage(epochs: int, **changes: Any) -> Stage:
    """Batch 128, SGD 0.1 with 5 epochs of warm-up, x0.01 at 80 % and again at 90 %, L2 2e-4, crop and flip."""
    return Stage(
        **{
            "epochs": epochs,
            "loss": {"name": "cross_entropy"},
            "batch_size": 128,
            "augmentation": CROP_FLIP,
            "optimizer": SGD,
            "schedule": step_schedule(0.1, epochs, (1e-2, 1e-4)),
            **changes,
        }
    )


def deferred(
    epochs: Sequence[int], first: dict[str, Any], second: dict[str, Any], **shared: Any
) -> tuple[Stage, Stage]:
    """Two stages that are one run: the rates go on, and everything trains in both.

    Args:
        epochs: epochs of the stages; the published 160 and 40 put the change at the first drop of the rate.
        first, second: what only the one stage has.
        **shared: what both have.
    """
    schedule = step_schedule(0.1, sum(epochs), (1e-2, 1e-4))
    return (
        cao_stage(epochs[0], schedule=schedule, **shared, **first),
        cao_stage(epochs[1], schedule=continued(schedule, epochs[0]), **shared, **second),
    )
