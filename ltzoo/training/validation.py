"""Batches of a split in order, for validation inside `fit`."""

import keras
import numpy as np


class SequentialBatches(keras.utils.PyDataset):
    """Images and labels of a split, in order, once.

    Args:
        labels: int array `[N]`.
        load: function of positions that returns the inputs.
        batch_size: images a batch; the last one may be shorter.
    """

    def __init__(self, labels, load, batch_size):
        super().__init__()
        self.labels, self.load, self.batch_size = labels, load, batch_size

    def __len__(self):
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, step):
        positions = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, len(self.labels)))
        return self.load(positions), self.labels[positions]
