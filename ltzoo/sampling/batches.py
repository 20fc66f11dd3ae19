"""Batches of images for `fit`: the sampler's positions, loaded and transformed, for Keras and `tf.data`."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ltzoo.checks import integer
from ltzoo.pipeline_errors import original_errors as original_errors
from ltzoo.pipeline_errors import remembering
from ltzoo.read_ahead import Ahead
from ltzoo.sampling.class_sampler import ClassSampler
from ltzoo.sampling.keyed_random import TRANSFORM, generator

_READY = 2  # Batches that wait for the network besides those being made: 512 images of 224 pixels are 77 MB.


def load_batch(
    sampler: ClassSampler,
    load: Callable[..., np.ndarray],
    transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None,
    epoch: int,
    step: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (images, labels) of one batch: a pure function of the sampler's seed, `epoch` and `step`.

    `transform(images, labels, rng)` gets a NumPy Generator keyed by (seed, epoch, step, shard). A transform that works
    on image files at their original size has a method `reader(count, rng)`. Its result is passed to `load` as `read`.
    """
    positions = sampler.batch(epoch, step)
    labels = sampler.labels[positions]
    rng = generator(sampler.seed, TRANSFORM, epoch, step, sampler.shard_index)
    reader = getattr(transform, "reader", None)
    read = reader(len(positions), rng) if reader is not None else None
    images = load(positions) if read is None else load(positions, read=read)
    return (images, labels) if transform is None else transform(images, labels, rng)


class SampledBatches(keras.utils.PyDataset):
    """Keras dataset over the batches of several epochs; `dataset[n]` is a pure function of the seed and n.

    Batch n is batch n % s of epoch `first_epoch + n // s`, with s = `sampler.steps_per_epoch`. The epochs follow one
    another without a mark, as in `tf_batches`, so call

        fit(dataset, steps_per_epoch=sampler.steps_per_epoch, epochs=num_epochs, shuffle=False)

    By default Keras would shuffle the batches. With `workers` above 1 the dataset's own threads load batches ahead.
    It does not use Keras's queue, which reads ahead while the model is being built and then trains on those batches
    out of order.

    Args:
        sampler: a `ClassSampler`.
        load: function from int64 positions `[n]` to images `[n, H, W, C]`, for example `split.load`.
        transform: function (images, labels, rng) -> (images, labels), or None.
        first_epoch: epoch to begin with.
        num_epochs: number of epochs in the dataset.
        workers: threads that load batches; 1 loads in the calling thread.
        max_queue_size: batches prepared ahead if `workers` is above 1.
        first_step: steps of the first epoch that are done. The batches of these are not loaded: each is the first row
            of the next batch, which whoever passes over them throws away.

    Raises:
        ValueError: one of the numbers is not an integer or too small.
    """

    def __init__(
        self,
        sampler: ClassSampler,
        load: Callable[..., np.ndarray],
        transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None,
        first_epoch: int = 0,
        num_epochs: int = 1,
        workers: int = 1,
        max_queue_size: int = 10,
        first_step: int = 0,
    ) -> None:
        super().__init__(workers=1, max_queue_size=max_queue_size)
        integer("first_step", first_step, 0)
        integer("first_epoch", first_epoch, 0)
        integer("num_epochs", num_epochs, 1)
        integer("workers", workers, 0)
        integer("max_queue_size", max_queue_size, 0)
        self.sampler = sampler
        self.load = load
        self.transform = transform
        self.first_epoch = first_epoch
        self.num_epochs = num_epochs
        self.threads = workers
        self._hollow = _Hollow(sampler, self.batch, first_epoch, first_step)
        self._ahead = Ahead(self._numbered, len(self), workers, max_queue_size)

    def __len__(self) -> int:
        return self.sampler.steps_per_epoch * self.num_epochs

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (images, labels) of batch `step` of any `epoch`."""
        return load_batch(self.sampler, self.load, self.transform, epoch, step)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"`index` must be in 0..{len(self) - 1}. Received: index={index}")
        if self.threads < 2:
            return self._numbered(index)
        return self._ahead[index]

    def _numbered(self, number):
        if number < self._hollow.count:
            return self._hollow.batch(number)
        epoch, step = divmod(int(number), self.sampler.steps_per_epoch)
        return self.batch(self.first_epoch + epoch, step)


def tf_batches(
    sampler: ClassSampler,
    load: Callable[..., np.ndarray],
    transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None,
    first_epoch: int = 0,
    num_epochs: int = 1,
    workers: int = 1,
    first_step: int = 0,
) -> Any:
    """Return a `tf.data.Dataset` of the batches of `SampledBatches`, in order, loaded ahead in parallel.

    The epochs follow one another without a mark, so call `fit(dataset, steps_per_epoch=sampler.steps_per_epoch,
    epochs=num_epochs)`. This needs TensorFlow, and the dataset works as input of `fit` on every backend.

    Args:
        sampler, load, transform: see `SampledBatches`.
        first_epoch: epoch to begin with.
        num_epochs: number of epochs in the dataset.
        workers: number of batches loaded at a time.
        first_step: steps of the first epoch that are done; see `SampledBatches`.
    """
    steps = sampler.steps_per_epoch
    made = functools.partial(load_batch, sampler, load, transform)
    hollow = _Hollow(sampler, made, first_epoch, first_step)

    def numbered(number):
        passed = int(number) - first_epoch * steps
        return hollow.batch(passed) if passed < hollow.count else made(*divmod(int(number), steps))

    return tf_pipeline(numbered, first_epoch * steps, (first_epoch + num_epochs) * steps, workers)


class _Hollow:
    """Stands for the batches of steps that are done: the first one is whole, the others have one row."""

    def __init__(self, sampler, batch, epoch, count):
        # Where the whole epoch is done, its last batch serves as well.
        self._make = lambda: batch(epoch, min(count, sampler.steps_per_epoch - 1))
        self.count = count
        self._made = None

    def batch(self, number):
        if self._made is None:
            self._made = self._make()
        return tuple(part if number == 0 else part[:1] for part in self._made)


def tf_pipeline(
    batch: Callable[[int], tuple[np.ndarray, np.ndarray]], start: int, stop: int, workers: int = 1
) -> Any:
    """Return a `tf.data.Dataset` of `batch(start)`, .., `batch(stop - 1)`: stateless, in order, loaded ahead.

    Autotuning is off: the tuning thread of `tf.data` sleeps for times that double up to a minute, and an iterator
    cannot end before the thread wakes.

    Args:
        batch: function of a number that returns (images, labels) as arrays.
        start, stop: range of numbers, not empty.
        workers: number of batches made at a time.
    """
    import tensorflow as tf

    images, labels = batch(start)

    def tensors(number):
        made = tf.numpy_function(remembering(batch), [number], (images.dtype, labels.dtype), stateful=False)
        made[0].set_shape((None, *images.shape[1:]))
        made[1].set_shape((None, *labels.shape[1:]))
        return tuple(made)

    options = tf.data.Options()
    options.autotune.enabled = False
    numbers = tf.data.Dataset.range(start, stop)
    batches = numbers.map(tensors, num_parallel_calls=workers, deterministic=True)
    return batches.prefetch(_READY).with_options(options)
