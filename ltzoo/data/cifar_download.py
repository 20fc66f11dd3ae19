"""Download CIFAR through TensorFlow Datasets if installed, else through Keras."""

from __future__ import annotations

import importlib.util

import numpy as np

from ltzoo.data.splits import ArraySplit
from ltzoo.data.tfds import RecordSplit, decode_all, open_builder, read_records


def download_cifar(name: str, label_key: str, archive_url: str) -> tuple[ArraySplit, ArraySplit]:
    """Return the training and test split of `"cifar10"` or `"cifar100"` in the official order.

    TensorFlow Datasets shuffles its records. They are sorted here by `id`, which numbers the official order.
    The long-tailed subsets depend on that order.

    Raises:
        OSError: the download fails. The message says which file to download by hand.
    """
    try:
        if importlib.util.find_spec("tensorflow_datasets") is not None:
            builder = open_builder(name, None, download=True)
            return _sorted_split(builder, "train", label_key), _sorted_split(builder, "test", label_key)
        import keras

        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    # Network, disk and library errors have many types, and all have the same remedy.
    except Exception as error:
        raise OSError(
            f"could not download {name}: {error}. Download {archive_url} yourself and pass "
            "its folder as `data_dir`. Received: data_dir=None"
        ) from error
    return ArraySplit(x_train, y_train), ArraySplit(x_test, y_test)


def _sorted_split(builder, split: str, label_key: str) -> ArraySplit:
    records, labels, ids = read_records(builder, split, "image", label_key, order_by="id")
    order = np.argsort(np.asarray(ids))
    return decode_all(RecordSplit(split, records, labels[order], "image", (32, 32), 3, order))
