"""Batches of tail images, images of the classes they are confused with, and head images (FSA Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.checks import integer
from ltzoo.sampling.class_sampler import count_images
from ltzoo.sampling.head_classes import split_head_tail
from ltzoo.sampling.keyed_random import SAMPLES, generator

DRAWS = ("classes", "images")


class TailGroupSampler:
    """Return positions of batches of N_t groups, for feature-space augmentation (Chu et al., ECCV 2020, section 4.3).

    A group has 2 (1 + N_a) positions in this order: one image of a tail class; N_a images of the classes that this
    class is confused with; 1 + N_a images of head classes. With N_a = N_f each confusing class gives one image, as in
    Algorithm 1. With fewer, a random choice of the classes does; with more, they take turns.

    `batch(epoch, step)` depends only on the constructor's arguments, `epoch` and `step`, as in `ClassSampler`. All
    draws are with replacement and vectorized.

    Args:
        labels: integer class of every training image [N], in 0 .. num_classes - 1; every class has an image.
        confusing: classes that each class is confused with, integers [C, N_f]; only rows of tail classes are used.
        batch_size: number of images in a batch of ALL shards together. N_t is the number of whole groups in it, at
            least 1.
        seed: non-negative integer.
        num_classes: C; defaults to max(labels) + 1.
        num_augmented: N_a; 0 gives balanced batches of tail and head images without augmentation ("No Aug").
        head_share: h_r of `ltzoo.sampling.split_head_tail`.
        tail_draws: how to draw "one sample from tail classes". "classes" (default) draws each tail class equally
            often, because the paper calls its batches class balanced in section 5.2. "images" draws each image of a
            tail class equally often.
        head_draws: the same for head images.
        num_steps: batches in an epoch; None for N / batch_size, rounded up. All batches are full.
        shard_index, shard_count: this host's part of the groups of every batch; shard_count divides N_t.

    Raises:
        ValueError: if labels are out of range, a class has no image, or arguments do not fit together.
    """

    def __init__(
        self,
        labels: Sequence[int] | np.ndarray,
        confusing: Sequence[Sequence[int]] | np.ndarray,
        batch_size: int = 128,
        seed: int = 0,
        *,
        num_classes: int | None = None,
        num_augmented: int = 3,
        head_share: float = 0.9,
        tail_draws: str = "classes",
        head_draws: str = "classes",
        num_steps: int | None = None,
        shard_index: int = 0,
        shard_count: int = 1,
    ) -> None:
        self.labels, classes, self.class_counts = count_images(
            labels, None if num_classes is None else integer("num_classes", num_classes, 2)
        )
        self.num_classes = classes
        self.confusing = _validate_confusing(confusing, classes)
        self.seed = integer("seed", seed, 0)
        self.num_augmented = integer("num_augmented", num_augmented, 0)
        self.group_size = 2 * (1 + self.num_augmented)
        self.num_groups = max(1, integer("batch_size", batch_size, 1) // self.group_size)
        self.batch_size = self.num_groups * self.group_size
        self.head_classes, self.tail_classes = split_head_tail(self.class_counts, head_share)
        for name, draws in (("tail_draws", tail_draws), ("head_draws", head_draws)):
            if draws not in DRAWS:
                raise ValueError(f"`{name}` must be one of {DRAWS}. Received: {name}={draws!r}")
        self.tail_draws, self.head_draws = tail_draws, head_draws
        if num_steps is None:
            num_steps = -(-len(self.labels) // self.batch_size)
        self.steps_per_epoch = integer("num_steps", num_steps, 1)
        self.shard_count = integer("shard_count", shard_count, 1)
        self.shard_index = integer("shard_index", shard_index, 0)
        if self.shard_index >= self.shard_count or self.num_groups % self.shard_count:
            raise ValueError(
                f"`shard_index` must be below `shard_count`, and `shard_count` must divide the {self.num_groups} "
                f"groups of {self.group_size} images in a batch. Received: shard_index={shard_index}, "
                f"shard_count={shard_count}, batch_size={batch_size}"
            )
        self._by_class = np.argsort(self.labels, kind="stable")
        self._class_start = np.cumsum(self.class_counts) - self.class_counts

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """Return this shard's int64 positions of batch `step` of `epoch` (both from 0), group by group."""
        if not 0 <= step < self.steps_per_epoch:
            raise IndexError(f"`step` must be in 0 .. {self.steps_per_epoch - 1}. Received: step={step}")
        random = generator(self.seed, SAMPLES, integer("epoch", epoch, 0), step)
        groups, augmented = self.num_groups, self.num_augmented
        tail = self._draw(random, self.tail_classes, self.tail_draws, (groups, 1))
        order = np.argsort(random.random((groups, self.confusing.shape[1])), axis=1)
        order = order[:, np.arange(augmented) % order.shape[1]]
        mixed = self._in_classes(random, self.confusing[self.labels[tail], order])
        head = self._draw(random, self.head_classes, self.head_draws, (groups, 1 + augmented))
        positions = np.concatenate([tail, mixed, head], axis=1)
        low = groups * self.shard_index // self.shard_count
        high = groups * (self.shard_index + 1) // self.shard_count
        return positions[low:high].reshape(-1)

    def _draw(self, random, classes, draws, shape):
        if draws == "classes":
            drawn = classes[(random.random(shape) * len(classes)).astype(np.int64)]
            return self._in_classes(random, drawn)
        # Subtract the images of the classes before to get the rank inside the class.
        ends = np.cumsum(self.class_counts[classes])
        number = (random.random(shape) * ends[-1]).astype(np.int64)
        which = np.searchsorted(ends, number, side="right")
        rank = number - (ends - self.class_counts[classes])[which]
        return self._by_class[self._class_start[classes[which]] + rank]

    def _in_classes(self, random, classes):
        rank = (random.random(classes.shape) * self.class_counts[classes]).astype(np.int64)
        return self._by_class[self._class_start[classes] + rank]


def _validate_confusing(confusing, num_classes):
    array = np.asarray(confusing)
    if array.ndim != 2 or len(array) != num_classes or not array.shape[1]:
        raise ValueError(
            f"`confusing` must have one row of classes for each of the {num_classes} classes. "
            f"Received: confusing of shape {array.shape}"
        )
    if not np.issubdtype(array.dtype, np.integer) or array.min() < 0 or array.max() >= num_classes:
        raise ValueError(
            f"`confusing` must hold class numbers, integers in 0 .. {num_classes - 1}. "
            f"Received: confusing of dtype {array.dtype}, from {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)
