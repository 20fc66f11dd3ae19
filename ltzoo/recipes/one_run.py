"""The training set-up of Cao et al. (2019), in one stage or with a deferred second one."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, continued, step_schedule
from ltzoo.recipes.recipe import Stage


def cao_stage(epochs: int, **changes: Any) -> Stage:
    """Return a stage of Cao et al.: batch 128, SGD 0.1, L2 2e-4, 5 epochs of warm-up, crop and flip.

    The rate is multiplied by 0.01 at 80 % of the epochs and again at 90 %. `changes` are fields of `Stage`.
    """
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
    """Return two stages that form one run: the rates continue, and everything trains in both.

    Args:
        epochs: epochs of the stages. The published 160 and 40 change stages at the first drop of the rate.
        first, second: fields of `Stage` for the first or the second stage.
        **shared: fields of `Stage` for both.
    """
    schedule = step_schedule(0.1, sum(epochs), (1e-2, 1e-4))
    return (
        cao_stage(epochs[0], schedule=schedule, **shared, **first),
        cao_stage(epochs[1], schedule=continued(schedule, epochs[0]), **shared, **second),
    )
