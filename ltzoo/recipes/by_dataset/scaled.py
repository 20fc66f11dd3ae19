"""Published constants, scaled to data for which none were published."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ltzoo.recipes import registry
from ltzoo.recipes.by_dataset.published import counts, published
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.training_changes import with_epochs, with_learning_rates

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset

_SMALL_PIXELS = 96
_FACTORS = (10, 50, 100)
# An epoch should have this many steps, if that takes no batch below the smallest.
_STEPS = 32
_SMALLEST_BATCH = 32
_MOST_EPOCHS = 2.0
_LEAST_EPOCHS = 0.25


def scaled(
    name: str,
    dataset: LongTailedDataset,
    /,
    epochs: int | Sequence[int] | None = None,
    **changes: Any,
) -> tuple[Recipe, str | None]:
    """Make a recipe with constants for data of one's own: those of the most similar published dataset, scaled.

    The published dataset is CIFAR-10-LT or CIFAR-100-LT for images of up to 96 pixels, else ImageNet-LT or iNaturalist
    2018: the one whose number of classes is nearer, as a ratio. On CIFAR the imbalance factor is 10, 50 or 100, the
    nearest as a ratio. Then, in this order:

    - The batch B is halved until an epoch has 32 steps, but not below 32.
    - Learning rates change by the factor by which the batch changed.
    - Stages get as many epochs as show the published number of images, within a quarter and twice the published epochs.
    - A threshold of class counts, such as tau of CAMC, moves to the same quantile of the class counts.

    Args:
        name: one of `ltzoo.recipes.names()`.
        dataset: the data.
        epochs, **changes: as in `ltzoo.recipes.get`; what is given is not scaled.

    Returns:
        the recipe, and a sentence that names the published dataset and what was scaled; None for recipes that are the
        same on all data.
    """
    if registry.setup(name) is None:
        return registry.get(name, epochs, **changes), None
    source, factor = similar(dataset)
    made, known = published(name, source, factor), counts(source, factor)
    images = len(dataset.train)
    batch = made.stages[0].batch_size
    smaller = _batch(batch, images)
    stages = list(made.stages)
    if "batch_size" not in changes and smaller < batch:
        stages = [
            dataclasses.replace(stage, batch_size=max(stage.batch_size * smaller // batch, 1))
            for stage in stages
        ]
        if any(stage.epochs for stage in stages) and "learning_rate" not in changes:
            stages = with_learning_rates(stages, _first_rate(stages) * smaller / batch)
    share = float(np.clip(sum(known) / images, _LEAST_EPOCHS, _MOST_EPOCHS))
    wanted = [stage.epochs and max(1, round(stage.epochs * share)) for stage in stages]
    if epochs is not None:
        wanted = registry.stage_epochs(made, epochs)
    stages = [_with_quantile(stage, known, dataset.class_counts) for stage in with_epochs(stages, wanted)]
    made = dataclasses.replace(made, stages=tuple(stages))
    where = source if factor is None else f"{source} at imbalance factor {factor}"
    made = registry.changed(made, **changes)
    first = made.stages[0]
    sentence = (
        f"constants of {where}, the most similar dataset of the papers, scaled to {images:,} images: batch "
        f"{first.batch_size}, rate {first.schedule['learning_rate']:.3g}, {first.epochs} epochs"
    )
    return made, sentence


def similar(dataset: LongTailedDataset) -> tuple[str, int | None]:
    """Return the published dataset, and its imbalance factor if it has several, that is most like a dataset."""
    classes = dataset.num_classes
    if max(dataset.image_shape[:2]) > _SMALL_PIXELS:
        return ("imagenet_lt" if classes < math.sqrt(1000 * 8142) else "inaturalist2018"), None
    present = dataset.class_counts[dataset.class_counts > 0]
    imbalance = max(float(present.max() / present.min()), 1.0)
    factor = min(_FACTORS, key=lambda known: abs(math.log(known / imbalance)))
    return ("cifar10_lt" if classes < math.sqrt(10 * 100) else "cifar100_lt"), factor


def _batch(batch: int, images: int) -> int:
    while batch >= 2 * _SMALLEST_BATCH and images / batch < _STEPS:
        batch //= 2
    return batch


def _first_rate(stages):
    return next(stage.schedule["learning_rate"] for stage in stages if stage.epochs)


def _with_quantile(stage, known, class_counts):
    """Move the threshold of class counts of a head to the same quantile of other counts."""
    if stage.head is None or stage.head.get("threshold") is None:
        return stage
    below = np.mean(np.asarray(known) <= stage.head["threshold"])
    threshold = float(np.quantile(class_counts, below, method="inverted_cdf")) if below else 0.0
    return dataclasses.replace(stage, head={**stage.head, "threshold": threshold})
