"""Index sampler: the images of each batch, as a pure function of seed, epoch and step."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ltzoo.checks import RANGES, flag, integer, refuse
from ltzoo.contracts.labels import check_labels, count_classes
from ltzoo.sampling.cyclic import cyclic_draws
from ltzoo.sampling.inverse_cdf import draw_classes
from ltzoo.sampling.keyed_random import SAMPLES, generator
from ltzoo.sampling.probabilities import check_parameters, class_probabilities

CLASS_AWARE = "class_aware"


class ClassSampler:
    """Return the image positions of every batch of an epoch.

    `batch(epoch, step)` depends only on the constructor's arguments, `epoch` and `step`. No state is kept, so training
    resumes at any point, and hosts agree without communication. Batches are slices of one vectorized draw of the whole
    epoch; the last two epochs are cached to save time.

    - "instance_balanced" is a new permutation of all images each epoch (no image twice), as in all published code.
    - "class_balanced", "square_root", "effective_number", "cben", "reversed" and "progressive" draw with replacement:
      first a class by `class_probabilities`, then one of its images uniformly.
    - "class_aware" is the cyclic order of the MiSLAS and BALMS code; see `ltzoo.sampling.cyclic`. It continues from
      epoch to epoch.

    Args:
        labels: integer class of every training image [N], in 0 .. num_classes - 1; every class has an image.
        strategy: one of the names above.
        batch_size: number of images in a batch of ALL shards together.
        seed: non-negative integer.
        num_classes: number of classes C; defaults to max(labels) + 1.
        epoch_length: draws in an epoch of all shards together. None: N. "oversampled": C * max n_c with n_c images of
            class c (the published class-aware epoch). A permutation longer than N continues with another one.
        shard_index, shard_count: this host's slice of every batch. Of a batch of B positions, shard i takes
            B*i // shard_count to B*(i+1) // shard_count; the shards in order form the unsharded batch.
        drop_remainder: leave out a last batch that is not full. Hosts with equal slices need it.
        **strategy_parameters: see `class_probabilities`. "progressive" needs num_epochs and keeps the probabilities of
            the last epoch afterwards. "class_aware" has samples_per_visit=4.

    Raises:
        ValueError: if labels are out of range, a class has no image, the strategy or a parameter is unknown, the shards
            do not divide the batch size, or no batch is full.
    """

    def __init__(
        self,
        labels: Sequence[int] | np.ndarray,
        strategy: str = "instance_balanced",
        batch_size: int = 128,
        seed: int = 0,
        *,
        num_classes: int | None = None,
        epoch_length: int | str | None = None,
        shard_index: int = 0,
        shard_count: int = 1,
        drop_remainder: bool = False,
        **strategy_parameters: Any,
    ) -> None:
        self.labels, self.num_classes, self.class_counts = count_images(
            labels, None if num_classes is None else integer("num_classes", num_classes, 1)
        )
        self.strategy = strategy
        self.batch_size = integer("batch_size", batch_size, 1)
        self.seed = integer("seed", seed, 0)
        self.shard_count = integer("shard_count", shard_count, 1)
        self.shard_index = integer("shard_index", shard_index, 0)
        self.drop_remainder = flag("drop_remainder", drop_remainder)
        self.strategy_parameters = _validate_strategy(strategy, strategy_parameters)
        if self.shard_index >= self.shard_count or self.batch_size % self.shard_count:
            raise ValueError(
                "`shard_index` must be below `shard_count`, and `shard_count` must divide `batch_size`, the "
                "size of the batch of all shards together. "
                f"Received: shard_index={shard_index}, shard_count={shard_count}, batch_size={batch_size}"
            )
        if epoch_length is None:
            self.epoch_length = len(self.labels)
        elif isinstance(epoch_length, str) and epoch_length == "oversampled":
            self.epoch_length = self.num_classes * int(self.class_counts.max())
        else:
            if epoch_length not in RANGES["PositiveInt"]:
                refuse("epoch_length", "a positive integer, None or 'oversampled'", epoch_length)
            self.epoch_length = int(epoch_length)
        if self.drop_remainder:
            self.epoch_length -= self.epoch_length % self.batch_size
        if not self.epoch_length:
            raise ValueError(
                "`batch_size` leaves no full batch in an epoch; use `drop_remainder=False` or a smaller batch. "
                f"Received: batch_size={batch_size}"
            )
        # Group positions by class; with a small integer type NumPy's stable sort is a radix sort.
        smallest = np.min_scalar_type(self.num_classes - 1)
        self._by_class = np.argsort(self.labels.astype(smallest), kind="stable")
        self._class_start = np.cumsum(self.class_counts) - self.class_counts
        self._cache = {}
        self._lock = threading.Lock()

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch, equal for all shards."""
        return -(-self.epoch_length // self.batch_size)

    def class_probabilities(self, epoch: int = 0) -> np.ndarray:
        """Return the expected share of each class among the draws of `epoch`, float64 [C]."""
        parameters = dict(self.strategy_parameters)
        if self.strategy == "progressive":
            parameters["epoch"] = min(epoch, parameters["num_epochs"] - 1)
        return class_probabilities(self.class_counts, self.strategy, **parameters)

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """Return this shard's int64 positions of batch `step` of `epoch`, both counted from 0."""
        if not 0 <= step < self.steps_per_epoch:
            raise IndexError(f"`step` must be in 0 .. {self.steps_per_epoch - 1}. Received: step={step}")
        positions = self._whole_epoch(epoch)
        start = step * self.batch_size
        size = min(self.batch_size, self.epoch_length - start)
        low = size * self.shard_index // self.shard_count
        high = size * (self.shard_index + 1) // self.shard_count
        return positions[start + low : start + high]

    def epoch(self, epoch: int) -> np.ndarray:
        """Return this shard's int64 positions of all batches of `epoch`, in order."""
        positions = self._whole_epoch(epoch)
        if self.shard_count == 1:
            return positions
        return np.concatenate([self.batch(epoch, step) for step in range(self.steps_per_epoch)])

    def _whole_epoch(self, epoch):
        positions = self._cache.get(epoch)
        if positions is not None:
            return positions
        with self._lock:
            if epoch not in self._cache:
                positions = self._draw(integer("epoch", epoch, 0))
                positions.flags.writeable = False
                # Keep two epochs, because loaders that read ahead use both at the border between them.
                self._cache = dict([*self._cache.items(), (epoch, positions)][-2:])
            return self._cache[epoch]

    def _draw(self, epoch):
        if self.strategy == CLASS_AWARE:
            start = epoch * self.epoch_length
            per_visit = self.strategy_parameters["samples_per_visit"]
            classes, rank = cyclic_draws(
                start, start + self.epoch_length, self.class_counts, per_visit, self.seed
            )
            return self._by_class[self._class_start[classes] + rank]
        random = generator(self.seed, SAMPLES, epoch)
        if self.strategy == "instance_balanced":
            count = len(self.labels)
            parts = [random.permutation(count) for _ in range(-(-self.epoch_length // count))]
            return np.concatenate(parts)[: self.epoch_length]
        draws = random.random((2, self.epoch_length))
        classes = draw_classes(self.class_probabilities(epoch), draws[0])
        rank = (draws[1] * self.class_counts[classes]).astype(np.int64)
        return self._by_class[self._class_start[classes] + rank]

    def __getstate__(self):
        return {**self.__dict__, "_cache": {}, "_lock": None}

    def __setstate__(self, state):
        self.__dict__.update(state, _lock=threading.Lock())


def _validate_strategy(strategy, parameters):
    check_parameters(strategy, parameters, given_by_sampler=("epoch",))
    return {"samples_per_visit": 4, **parameters} if strategy == CLASS_AWARE else dict(parameters)


def count_images(
    labels: Sequence[int] | np.ndarray, num_classes: int | None
) -> tuple[np.ndarray, int, np.ndarray]:
    """Return checked labels int64 [N], the number of classes C, and the images per class [C].

    Raises:
        ValueError: a label is not in 0 .. C - 1, there is none, or a class has no image.
    """
    labels = check_labels(labels, num_classes)
    if not len(labels):
        raise ValueError("`labels` must hold one class index per image. Received: labels of length 0")
    classes = count_classes(labels) if num_classes is None else num_classes
    counts = np.bincount(labels, minlength=classes)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        raise ValueError(
            "`labels` must hold at least one image of every class; number the classes from 0 without gaps. "
            f"Received: labels with {len(empty)} empty classes, the first of them {empty[:5].tolist()}"
        )
    return labels, classes, counts
