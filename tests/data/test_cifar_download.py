"""CIFAR without a folder: TensorFlow Datasets in the official order, else Keras, else a clear error."""

import importlib.util

import keras
import numpy as np
import pytest

from ltzoo.data import load, long_tail_subset

from .fake_tfds import Builder, install, records

LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 4))


@pytest.fixture
def without_tfds(monkeypatch):
    find = importlib.util.find_spec
    hidden = "tensorflow_datasets"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == hidden else find(name))


def test_records_are_put_into_the_official_order(monkeypatch):
    sizes = [(32, 32)] * len(LABELS)
    splits = {"train": records(LABELS, sizes), "test": records(range(10), sizes[:10], "test_")}
    install(monkeypatch, Builder("cifar10", splits))
    dataset = load("cifar10_lt", imbalance_factor=4)
    positions = long_tail_subset(LABELS, dataset.class_counts)
    assert dataset.train.images[:, 0, 0, 0].tolist() == positions.tolist()
    assert dataset.train.labels.tolist() == LABELS[positions].tolist()
    assert dataset.test.labels.tolist() == list(range(10))


@pytest.mark.parametrize("name, classes", [("cifar10", 10), ("cifar100", 100)])
def test_keras_is_used_without_tensorflow_datasets(monkeypatch, without_tfds, name, classes):
    labels = np.repeat(np.arange(classes), 2).reshape(-1, 1)
    images = np.random.default_rng(0).integers(0, 256, (2 * classes, 32, 32, 3), dtype=np.uint8)
    arrays = (images, labels), (images[:5], labels[:5])
    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", lambda: arrays)
    dataset = load(f"{name}_lt", imbalance_factor=2)
    np.testing.assert_array_equal(
        dataset.train.images, images[long_tail_subset(labels, dataset.class_counts)]
    )
    assert dataset.test.labels.tolist() == labels[:5, 0].tolist()


@pytest.mark.parametrize("name, archive", [("cifar10", "cifar-10"), ("cifar100", "cifar-100")])
def test_a_failed_download_says_which_file_to_fetch(monkeypatch, without_tfds, name, archive):
    def load_data():
        raise OSError("no network")

    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", load_data)
    with pytest.raises(OSError, match=rf"no network.*kriz/{archive}-python\.tar\.gz .*`data_dir`"):
        load(f"{name}_lt")
