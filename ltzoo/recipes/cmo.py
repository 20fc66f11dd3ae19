"""Context-rich minority oversampling."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, SGD, continued, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def cmo(epochs: Sequence[int] = (197, 3)) -> Recipe:
    """Cross-entropy; in half of the batches rectangles of rare images lie on the others (Park et al., Algorithm 1).

    Stage 1: every image comes with a companion that is drawn with the weight 1 / n of its class, that is, all classes
    equally often; this is what the released code does. `companion={"strategy": "reversed"}` reads the paper's
    q_c ~ 1 / n_c as the probability of the class instead. Stage 2: the last three epochs without CMO. The training
    set-up is that of Cao et al. (2019), its rate going on through both stages; the momentum starts anew in stage 2.

    Deviation from the released code: it leaves CMO out in the first four epochs too.

    Expected accuracy on CIFAR-10-LT: not known to this project; measure it with `benchmarks.cifar10_lt.train`.
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
