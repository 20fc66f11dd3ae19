"""Look at the first batch of a dataset, generator or loader as Keras reads it, without reading anything twice."""

from __future__ import annotations

import copy
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import keras

from ltzoo.caller_warnings import caller
from ltzoo.contracts.image_arrays import is_array, warn_of_scale

Look = Callable[[Any], None]


def looking_at_first_batch(source: Any, argument: str) -> Any:
    """Return a source of batches that warns if the first batch holds no raw pixels 0..255; see `warn_of_scale`.

    Datasets of `tf.data`, generators and PyTorch loaders in this process are watched while Keras reads them: order,
    random numbers and one-shot sources stay as they are. Of a `PyDataset`, batch 0 is computed once more, and of a
    PyTorch loader with worker processes, image 0 of its dataset.

    Args:
        source: what Keras's `fit`, `evaluate` or `predict` takes for images.
        argument: name of the argument for the warning.

    Returns:
        a source of the same batches for Keras; `source` itself if it is of another kind, or was looked at.
    """
    warn = caller().warn

    def look(images):
        if is_array(images):
            warn_of_scale(images, argument, warn)

    if isinstance(source, types.GeneratorType):
        return _of_generator(source, look)
    if isinstance(source, keras.utils.PyDataset):
        look(_images(source[0]))
        return source
    tf, torch_data = sys.modules.get("tensorflow"), sys.modules.get("torch.utils.data")
    if tf is not None and isinstance(source, tf.data.Dataset):
        return _of_tf_data(source, look)
    if torch_data is not None and isinstance(source, torch_data.DataLoader):
        return _of_loader(source, look)
    return source


def _of_generator(batches: Iterator[Any], look: Look) -> Iterator[Any]:
    for number, batch in enumerate(batches):
        if number == 0:
            look(_images(batch))
        yield batch


def _of_tf_data(dataset, look):
    import tensorflow as tf

    def pass_on(number, batch):
        images = _images(batch)
        if tf.is_tensor(images):
            tf.cond(
                tf.equal(number, 0),
                lambda: tf.py_function(lambda values: (look(values.numpy()), 0)[1], [images], tf.int32),
                lambda: tf.constant(0),
            )
        return batch

    return dataset.enumerate().map(pass_on)


def _of_loader(loader, look):
    collate = loader.collate_fn
    if loader.num_workers == 0:
        seen = []

        def watching(samples):
            batch = collate(samples)
            if not seen:
                seen.append(True)
                look(_images(batch))
            return batch

        loader = copy.copy(loader)
        loader.collate_fn = watching
    elif hasattr(loader.dataset, "__getitem__"):
        import torch

        with torch.random.fork_rng(devices=[]):
            sample = loader.dataset[0]
            look(_images(sample if collate is None else collate([sample])))
    return loader


def _images(batch):
    return batch[0] if isinstance(batch, (tuple, list)) and batch else batch
