"""Context-rich minority oversampling."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, continued, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def cmo(epochs: Sequence[int] = (197, 3)) -> Recipe:
    """Train with cross-entropy, pasting rectangles of rare images in half of the batches (Park et al., Algorithm 1).

    In stage 1 every image gets a companion, whose rectangle is pasted. As in the released code, companions are drawn
    with weight 1 / n of their class, so that all classes appear equally often. `companion={"strategy": "reversed"}`
    takes the paper's q_c ~ 1 / n_c as the probability of the class instead. Stage 2 is the last three epochs,
    without CMO. The training set-up follows Cao et al. (2019). The rate continues through both stages, but momentum
    restarts in stage 2.

    Deviation: the released code also leaves CMO out in the first four epochs.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    schedule = step_schedule(0.1, sum(epochs), (1e-2, 1e-4))
    shared: dict[str, Any] = {"loss": {"name": "cross_entropy"}, "batch_size": 128, "optimizer": SGD}
    return Recipe(
        name="cmo",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                sampler={"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}},
                augmentation=(*CROP_FLIP, {"name": "cmo", "alpha": 1.0, "probability": 0.5}),
                schedule=schedule,
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                augmentation=CROP_FLIP,
                schedule=continued(schedule, epochs[0]),
                **shared,
            ),
        ),
        description="Rectangles of rare images on frequent backgrounds",
        citation="Park et al., The Majority Can Help the Minority: Context-rich Minority Oversampling for Long-tailed "
        "Classification, CVPR 2022",
    )
