"""The data that a stage gives to Keras's fit: sampled training batches, and the validation split in order.

TensorFlow gets `tf.data` pipelines of this library. Keras would wrap a `PyDataset` in a pipeline with a tuning thread,
which must wake up before an epoch can end. It wakes after 10 ms, 20 ms, 40 ms and so on, up to a minute. The other
backends get a `PyDataset`. The batches are the same.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ltzoo.read_ahead import Ahead
from ltzoo.sampling import ClassSampler, SampledBatches, tf_batches, tf_pipeline


def training_feed(
    sampler: ClassSampler,
    load: Callable[..., np.ndarray],
    transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None,
    *,
    first_epoch: int = 0,
    num_epochs: int = 1,
    workers: int = 1,
    first_step: int = 0,
) -> dict[str, Any]:
    """Return the batches of `num_epochs` epochs, starting at `first_epoch`, as arguments of `keras.Model.fit`.

    `first_step` steps of the first epoch are done; see `SampledBatches`.
    """
    make = tf_batches if keras.backend.backend() == "tensorflow" else SampledBatches
    batches = make(sampler, load, transform, first_epoch, num_epochs, workers=workers, first_step=first_step)
    return {"x": batches, "steps_per_epoch": sampler.steps_per_epoch, "shuffle": False}


def validation_feed(labels: np.ndarray, load: Callable[..., np.ndarray], batch_size: int) -> Any:
    """Return the images and labels of a split, in order and once. The last batch may be shorter."""
    batches = _InOrder(labels, load, batch_size)
    if keras.backend.backend() == "tensorflow":
        return tf_pipeline(batches.batch, 0, len(batches))
    return batches


class _InOrder(keras.utils.PyDataset):
    """Batches in order; the next one is loaded while the network computes."""

    def __init__(self, labels, load, batch_size):
        super().__init__()
        self.labels, self.load, self.batch_size = labels, load, batch_size
        self._ahead = Ahead(self.batch, len(self), threads=1, most=1)

    def __len__(self):
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, step):
        return self._ahead[step]

    def batch(self, step):
        positions = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, len(self.labels)))
        return self.load(positions), self.labels[positions]
