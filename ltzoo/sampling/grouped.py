"""Batches of groups: several views of each image, and an image from a second sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.checks import Few
from ltzoo.sampling.class_sampler import ClassSampler


class GroupedSampler:
    """Turn the positions p0, p1, .. of a `ClassSampler`'s batches into consecutive groups.

    - `views=V`: p0 V times, p1 V times, ..; augmentation then makes V different views of each image.
    - `companion`: p0, q0, p1, q1, .., with q from a second sampler over the same images.
    - both: p0 V times, q0, p1 V times, q1, ..

    A batch of B groups holds B * V positions, and B more with a companion; reshape the loaded images to
    `(B, size, ...)`. Like its samplers, it is a pure function of (seed, epoch, step).

    Args:
        main: a `ClassSampler`.
        views: equal positions per group.
        companion: a `ClassSampler` with equally many batches of equal sizes, or None.

    Raises:
        ValueError: if `views` is below 1, or the companion's batches do not fit.
    """

    def __init__(self, main: ClassSampler, views: int = 1, companion: ClassSampler | None = None) -> None:
        if not isinstance(views, int) or views < 1:
            raise ValueError(f"`views` must be a positive integer. Received: views={views!r}")
        if companion is not None and (
            companion.epoch_length != main.epoch_length or companion.batch_size != main.batch_size
        ):
            raise ValueError(
                f"`companion` must have the main sampler's batch size, {main.batch_size}, and epoch length, "
                f"{main.epoch_length}. Received: companion with batch size {companion.batch_size} and epoch "
                f"length {companion.epoch_length}"
            )
        self.main, self.views, self.companion = main, views, companion
        self.labels, self.seed, self.shard_index = main.labels, main.seed, main.shard_index

    @property
    def group_size(self) -> int:
        """Number of consecutive positions that belong together."""
        return self.views + (self.companion is not None)

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch, equal to the main sampler's."""
        return self.main.steps_per_epoch

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """Return the int64 positions of batch `step` of `epoch`, group by group."""
        groups = [self.main.batch(epoch, step)] * self.views
        if self.companion is not None:
            groups.append(self.companion.batch(epoch, step))
        return np.stack(groups, axis=1).reshape(-1)


def make_sampler(
    labels: Sequence[int] | np.ndarray,
    *,
    batch_size: int,
    seed: int = 0,
    num_epochs: int | None = None,
    views: Few = 1,
    companion: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> ClassSampler | GroupedSampler:
    """Build the sampler that a recipe's `sampler` entry describes.

    Args:
        labels: integer class of every training image.
        batch_size: number of groups in a batch, or of images if a group is one image.
        seed: non-negative integer; the companion's draws are independent of the main ones.
        num_epochs: epochs of the stage, for strategies that change over them.
        views: number of times each position is repeated.
        companion: `{"strategy": ..., parameters}` of a second sampler; one of its positions ends each group.
        **arguments: arguments of `ClassSampler`.
    """

    def single(seed, strategy="instance_balanced", **own):
        if strategy == "progressive":
            own = {"num_epochs": num_epochs, **own}
        return ClassSampler(labels, strategy, batch_size, seed, **own)

    main = single(seed, **arguments)
    if views == 1 and companion is None:
        return main
    second = None
    if companion is not None:
        host = {key: arguments[key] for key in _SHARED if key in arguments}
        other = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
        second = single(other, **{**host, "epoch_length": main.epoch_length, **companion})
    return GroupedSampler(main, views, second)


_SHARED = ("num_classes", "shard_index", "shard_count", "drop_remainder")
