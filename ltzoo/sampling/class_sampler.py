"""Index sampler: which images make up each batch, as a pure function of seed, epoch and step."""

import operator
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ltzoo.sampling.cyclic import cyclic_draws
from ltzoo.sampling.inverse_cdf import draw_classes
from ltzoo.sampling.keyed_random import SAMPLES, generator
from ltzoo.sampling.probabilities import STRATEGIES, check_parameters, class_probabilities

CLASS_AWARE = "class_aware"


class ClassSampler:
    """Positions of the images of every batch of an epoch.

    `batch(epoch, step)` depends on the constructor's arguments, `epoch` and `step` alone: no state is kept,
    so training resumes at any point and hosts agree without talking to each other. Batches are slices of one
    vectorized draw of the whole epoch; the last two epochs are kept, only to save time.

    - "instance_balanced" is a new permutation of all images each epoch (no image twice), as in all published
      code.
    - "class_balanced", "square_root", "effective_number", "cben", "reversed" and "progressive" draw with
      replacement: a class by `class_probabilities`, then one of its images, all equally likely.
    - "class_aware" is the cyclic order of the MiSLAS and BALMS code: see `ltzoo.sampling.cyclic`. It runs on
      from epoch to epoch.

    Args:
        labels: integer class of every training image, [N], in 0 .. num_classes - 1; every class has an image.
        strategy: one of the names above.
        batch_size: images in a batch of ALL shards together.
        seed: non-negative integer.
        num_classes: defaults to max(labels) + 1.
        epoch_length: draws in an epoch of all shards together; None for N, "oversampled" for C * max n_c (the
            published class-aware epoch). A permutation longer than N goes on with another one.
        shard_index, shard_count: this host's slice of every batch: of a batch of B positions, shard i takes
            B*i // shard_count to B*(i+1) // shard_count, so that the shards in turn are the unsharded batch.
        drop_remainder: leave out a last batch that is not full. Hosts with equal slices need it.
        **strategy_parameters: as in `class_probabilities`; "progressive" needs num_epochs, and keeps the last
            epoch's probabilities afterwards; "class_aware" has samples_per_visit=4.

    Raises:
        ValueError: for labels out of range, classes without images, an unknown strategy or parameter, a batch
            size that the shards do not divide, or no full batch.
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
        self.labels = _validate_labels(labels)
        self.strategy = strategy
        self.batch_size = _integer(batch_size, "batch_size", 1)
        self.seed = _integer(seed, "seed", 0)
        self.num_classes = (
            int(self.labels.max()) + 1 if num_classes is None else _integer(num_classes, "num_classes", 1)
        )
        self.class_counts = _count_classes(self.labels, self.num_classes)
        self.shard_count = _integer(shard_count, "shard_count", 1)
        self.shard_index = _integer(shard_index, "shard_index", 0)
        self.drop_remainder = bool(drop_remainder)
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
            self.epoch_length = _integer(epoch_length, "epoch_length", 1, "an integer, None or 'oversampled'")
        if self.drop_remainder:
            self.epoch_length -= self.epoch_length % self.batch_size
        if not self.epoch_length:
            raise ValueError(
                "an epoch has no full batch: use drop_remainder=False or a smaller batch. "
                f"Received: batch_size={batch_size}"
            )
        # Positions grouped by class; a small integer type makes NumPy's stable sort a radix sort.
        smallest = np.min_scalar_type(self.num_classes - 1)
        self._by_class = np.argsort(self.labels.astype(smallest), kind="stable")
        self._class_start = np.cumsum(self.class_counts) - self.class_counts
        self._cache = {}
        self._lock = threading.Lock()

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch, the same for every shard."""
        return -(-self.epoch_length // self.batch_size)

    def class_probabilities(self, epoch: int = 0) -> np.ndarray:
        """float64 [C]: expected share of each class among the draws of `epoch`."""
        if self.strategy == CLASS_AWARE:
            return class_probabilities(self.class_counts, "class_balanced")
        parameters = dict(self.strategy_parameters)
        if self.strategy == "progressive":
            parameters["epoch"] = min(epoch, parameters["num_epochs"] - 1)
        return class_probabilities(self.class_counts, self.strategy, **parameters)

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """int64 positions of batch `step` (from 0) of `epoch` (from 0): this shard's slice."""
        if not 0 <= step < self.steps_per_epoch:
            raise IndexError(f"`step` must be in 0 .. {self.steps_per_epoch - 1}. Received: step={step}")
        positions = self._whole_epoch(epoch)
        start = step * self.batch_size
        size = min(self.batch_size, self.epoch_length - start)
        low = size * self.shard_index // self.shard_count
        high = size * (self.shard_index + 1) // self.shard_count
        return positions[start + low : start + high]

    def epoch(self, epoch: int) -> np.ndarray:
        """int64 positions of all batches of `epoch`, one after the other: this shard's part."""
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
                positions = self._draw(_integer(epoch, "epoch", 0))
                positions.flags.writeable = False
                # Two epochs, because loaders that read ahead use both at the border between them.
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
    if strategy == CLASS_AWARE:
        if set(parameters) - {"samples_per_visit"}:
            raise ValueError(
                f"strategy 'class_aware' has one parameter, samples_per_visit. Received: {parameters}"
            )
        return {"samples_per_visit": _integer(parameters.get("samples_per_visit", 4), "samples_per_visit", 1)}
    if strategy not in STRATEGIES:
        raise ValueError(
            f"`strategy` must be one of {', '.join([*STRATEGIES, CLASS_AWARE])}. "
            f"Received: strategy={strategy!r}"
        )
    check_parameters(strategy, parameters, given_by_sampler=("epoch",))
    return dict(parameters)


def _validate_labels(labels):
    array = np.asarray(labels)
    if array.ndim != 1 or not len(array) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            "`labels` must be one integer class for each image, a non-empty 1-d sequence. "
            f"Received: an array of shape {array.shape} and type {array.dtype}"
        )
    return array.astype(np.int64)


def _count_classes(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"`labels` must be in 0 .. num_classes - 1 = {num_classes - 1}. "
            f"Received: labels from {labels.min()} to {labels.max()}"
        )
    counts = np.bincount(labels, minlength=num_classes)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        raise ValueError(
            "every class needs at least one image in `labels`; number the classes without gaps. "
            f"Received: {len(empty)} empty classes, the first of them {empty[:5].tolist()}"
        )
    return counts


def _integer(value, name, minimum, expected="an integer"):
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < minimum:
        raise ValueError(f"`{name}` must be {expected}, at least {minimum}. Received: {name}={value!r}")
    return number
