"""Gradients of a batch in parts: the same update with less memory.

`fit(dataset, accumulate=N)` splits every batch of the recipe into N parts, which are N steps to Keras. The optimizer's
`gradient_accumulation_steps` averages their gradients and updates the weights with the last one. Learning rates,
epochs and images are those of the whole batch. A network whose loss is a mean over images, without batch norm, gets the
same update.

What looks at a whole batch sees a part of it:

- Batch norm normalizes with the statistics of a part and moves its averages N times per update.
- Mixup and CutMix mix images within a part.
- Losses between images (contrastive ones, LADE) compare those of a part; queues and momentum copies advance N times.
- The last batch of an epoch has parts that may differ by one image, which weigh the same. It is left out if it has
  fewer images than N.

A technique that composes its own batches, such as "feature_space_augmentation", is not split; its backbone is frozen.
"""

from __future__ import annotations

from typing import Any

from ltzoo.checks import integer
from ltzoo.recipes.recipe import Recipe


def check_accumulation(accumulate: Any, recipe: Recipe, streamed: bool = False, shard_count: int = 1) -> None:
    """Refuse a number of parts that a recipe cannot be trained in.

    Args:
        accumulate: the number of parts; 1 is always possible.
        recipe: the recipe.
        streamed: whether the training images are a stream of tf.data.
        shard_count: number of hosts.

    Raises:
        ValueError: it is no integer of at least 1, does not divide the batch size of a stage, or something does not
            work with it.
    """
    integer("accumulate", accumulate, 1)
    if accumulate == 1:
        return
    for applies, what in (
        (streamed, "a stream of tf.data"),
        (shard_count > 1, f"shard_count={shard_count}; let each host train on more devices"),
    ):
        if applies:
            raise ValueError(f"`accumulate` must be 1 with {what}. Received: accumulate={accumulate}")
    for number, stage in enumerate(recipe.stages, start=1):
        if not stage.epochs:
            continue
        if stage.batch_size % accumulate:
            raise ValueError(
                f"`accumulate` must divide the batch size of every stage, {stage.batch_size} in stage {number}. "
                f"Received: accumulate={accumulate}"
            )
        for argument in ("use_ema", "gradient_accumulation_steps"):
            if stage.optimizer.get(argument):
                raise ValueError(
                    f"`accumulate` must be 1 with {argument!r} of the optimizer, which would count parts as updates. "
                    f"Received: accumulate={accumulate}, stage {number} with {dict(stage.optimizer)}"
                )
