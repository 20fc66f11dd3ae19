"""Batches of the images of some classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ltzoo.sampling.class_sampler import ClassSampler, count_images


class SubsetSampler:
    """A `ClassSampler` over the images of some classes only, with positions among all images.

    Args:
        labels: integer class of every training image `[N]`.
        classes: the classes to draw from.
        strategy, batch_size, seed: of the sampler.
        num_classes: number of all classes; defaults to max(labels) + 1.
        **arguments: other arguments of `ClassSampler`. An epoch has as many draws as the classes have images, unless
            `epoch_length` says otherwise.

    Raises:
        ValueError: as `ClassSampler`.
    """

    def __init__(
        self,
        labels: Sequence[int] | np.ndarray,
        classes: Sequence[int] | np.ndarray,
        strategy: str = "instance_balanced",
        batch_size: int = 128,
        seed: int = 0,
        *,
        num_classes: int | None = None,
        **arguments: Any,
    ) -> None:
        self.labels, *_ = count_images(labels, num_classes)
        self.classes = np.unique(np.asarray(classes, np.int64))
        if not len(self.classes) or not set(self.classes.tolist()) <= set(np.unique(self.labels).tolist()):
            raise ValueError(
                f"`classes` must be classes with images. Received: classes={self.classes.tolist()}"
            )
        self._positions = np.flatnonzero(np.isin(self.labels, self.classes))
        own = np.searchsorted(self.classes, self.labels[self._positions])
        self._sampler = ClassSampler(own, strategy, batch_size, seed, **arguments)
        self.seed, self.shard_index = self._sampler.seed, self._sampler.shard_index

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch."""
        return self._sampler.steps_per_epoch

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """Return the int64 positions of batch `step` of `epoch`."""
        return self._positions[self._sampler.batch(epoch, step)]
