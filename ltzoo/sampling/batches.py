"""Batches of images for `fit`: the sampler's positions, loaded and transformed, for Keras and `tf.data`."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from ltzoo.sampling.class_sampler import ClassSampler
from ltzoo.sampling.keyed_random import TRANSFORM, generator


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
    """Keras dataset over a `ClassSampler`: `dataset[step]` is a pure function of (seed, epoch, step).

    Pass shuffle=False to `fit`: by default Keras takes the batches of a `PyDataset` in another order. Leave
    `steps_per_epoch` unset, and set `epoch_length` of the sampler instead.

    `epoch` is the epoch of the next batches. `fit` increases it by one at the end of every epoch. To start at epoch 7,
    set first_epoch=7 or `dataset.epoch = 7`. Keras also ends an "epoch" once before the first one, while it prepares a
    `fit`; that call is recognized and ignored. With `callbacks=[dataset.epoch_callback()]` the epoch follows the
    numbers of `fit` itself (`initial_epoch` included).

    With `workers` above 1 its own threads prepare batches ahead. It does not use Keras's queue for datasets, which
    reads ahead while the model is being built, and then trains on those batches out of order.

    Args:
        sampler: a `ClassSampler`.
        load: function from int64 positions [n] to images [n, H, W, C], for example `split.load`.
        transform: function (images, labels, rng) -> (images, labels), or None.
        first_epoch: epoch to begin with.
        workers: threads that load batches; 1 loads in the calling thread.
        max_queue_size: batches prepared ahead if `workers` is above 1.
    """

    def __init__(
        self,
        sampler: ClassSampler,
        load: Callable[..., np.ndarray],
        transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None,
        first_epoch: int = 0,
        workers: int = 1,
        max_queue_size: int = 10,
    ) -> None:
        super().__init__(workers=1, max_queue_size=max_queue_size)
        if workers < 0 or first_epoch < 0:
            raise ValueError(
                "`workers` and `first_epoch` must be at least 0. "
                f"Received: workers={workers}, first_epoch={first_epoch}"
            )
        self.sampler = sampler
        self.load = load
        self.transform = transform
        self.epoch = first_epoch
        self.threads = workers
        self._ignore_next_end = False
        self._pool = None
        self._ahead = {}
        self._guard = threading.Lock()

    @property
    def workers(self) -> int:
        """Keras reads this when `fit`, `evaluate` or `predict` begins, and once only."""
        self._ignore_next_end = True
        return 1

    @property
    def num_batches(self) -> int:
        """Number of batches in an epoch."""
        return self.sampler.steps_per_epoch

    def __len__(self) -> int:
        return self.sampler.steps_per_epoch

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (images, labels) of batch `step` of `epoch`, independent of the current epoch."""
        return load_batch(self.sampler, self.load, self.transform, epoch, step)

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch = self.epoch
        if self.threads < 2:
            return self.batch(epoch, step)
        with self._guard:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="ltzoo_batches")
            for key in [key for key in self._ahead if key[0] != epoch or key[1] < step]:
                self._ahead.pop(key).cancel()
            for ahead in range(step, min(step + 1 + self.max_queue_size, len(self))):
                if (epoch, ahead) not in self._ahead:
                    self._ahead[epoch, ahead] = self._pool.submit(self.batch, epoch, ahead)
            future = self._ahead.pop((epoch, step))
        return future.result()

    def on_epoch_end(self) -> None:
        """Move to the next epoch; Keras calls this."""
        if self._ignore_next_end:
            self._ignore_next_end = False
        else:
            self.epoch += 1

    def epoch_callback(self) -> keras.callbacks.Callback:
        """Return a Keras callback that sets `epoch` to the number of each epoch of `fit` as it begins."""

        def set_epoch(epoch, logs=None):
            self.epoch = epoch

        return keras.callbacks.LambdaCallback(on_epoch_begin=set_epoch)


def tf_batches(
    sampler: ClassSampler,
    load: Callable[..., np.ndarray],
    transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None,
    first_epoch: int = 0,
    num_epochs: int = 1,
    workers: int = 1,
) -> Any:
    """Return a `tf.data.Dataset` of the batches of `SampledBatches`, in order, loaded ahead in parallel.

    The epochs follow one another without a mark, so call `fit(dataset, steps_per_epoch=sampler.steps_per_epoch,
    epochs=num_epochs)`. This needs TensorFlow, and the dataset works as input of `fit` on every backend.

    Args:
        sampler, load, transform: see `SampledBatches`.
        first_epoch: epoch to begin with.
        num_epochs: number of epochs in the dataset.
        workers: number of batches loaded at a time.
    """
    steps = sampler.steps_per_epoch

    def numbered(number):
        return load_batch(sampler, load, transform, *divmod(int(number), steps))

    return tf_pipeline(numbered, first_epoch * steps, (first_epoch + num_epochs) * steps, workers)


def tf_pipeline(
    batch: Callable[[int], tuple[np.ndarray, np.ndarray]], start: int, stop: int, workers: int = 1
) -> Any:
    """Return a `tf.data.Dataset` of `batch(start)`, .., `batch(stop - 1)`: stateless, in order, loaded ahead.

    Autotuning is off: the tuning thread of `tf.data` sleeps for times that double up to a minute, and an iterator
    cannot end before the thread wakes.

    Args:
        batch: function of a number that returns (images, labels) as arrays.
        start, stop: range of numbers, not empty.
        workers: number of batches made at a time; twice as many are kept ready.
    """
    import tensorflow as tf

    images, labels = batch(start)

    def tensors(number):
        made = tf.numpy_function(batch, [number], (images.dtype, labels.dtype), stateful=False)
        made[0].set_shape((None, *images.shape[1:]))
        made[1].set_shape((None, *labels.shape[1:]))
        return tuple(made)

    options = tf.data.Options()
    options.autotune.enabled = False
    numbers = tf.data.Dataset.range(start, stop)
    batches = numbers.map(tensors, num_parallel_calls=workers, deterministic=True)
    return batches.prefetch(2 * workers).with_options(options)
