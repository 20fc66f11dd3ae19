"""Batches in equal parts, for gradients that are added over several steps."""

from typing import Any

import numpy as np

from ltzoo.checks import integer


class BatchParts:
    """Split every batch of a sampler into `parts` consecutive parts, each a batch of its own.

    Step s of an epoch is part s % parts of batch s // parts. So `parts` steps see the images of one batch. Groups of
    images, such as the views of one image, stay together. A last batch that is not full is split too, into parts that
    differ by one group at most. It is left out if it has fewer groups than parts.

    Args:
        sampler: a `ClassSampler` or `GroupedSampler`.
        parts: the number of parts.

    Raises:
        ValueError: `parts` is not an integer of at least 1, or no batch has so many groups.
    """

    def __init__(self, sampler: Any, parts: int) -> None:
        self.sampler, self.parts = sampler, integer("parts", parts, 1)
        self.labels, self.seed, self.shard_index = sampler.labels, sampler.seed, sampler.shard_index
        self.group_size = getattr(sampler, "group_size", 1)
        batches = sampler.steps_per_epoch
        if self._groups(batches - 1) < self.parts:
            batches -= 1
        if not batches:
            raise ValueError(
                "`parts` must be at most the number of images in a batch of an epoch. "
                f"Received: parts={parts}, {self._groups(0)} images"
            )
        self.steps_per_epoch = batches * self.parts

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """Return the int64 positions of step `step` of `epoch`, both counted from 0."""
        if not 0 <= step < self.steps_per_epoch:
            raise IndexError(f"`step` must be in 0 .. {self.steps_per_epoch - 1}. Received: step={step}")
        number, part = divmod(step, self.parts)
        positions = self.sampler.batch(epoch, number)
        groups = len(positions) // self.group_size
        first, last = (groups * place // self.parts for place in (part, part + 1))
        return positions[first * self.group_size : last * self.group_size]

    def _groups(self, step):
        return len(self.sampler.batch(0, step)) // self.group_size
