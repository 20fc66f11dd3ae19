"""Long-tailed CIFAR-100 from files in the official layout (made of noise)."""

import pickle

import numpy as np
import pytest

from ltzoo.data import load, long_tail_subset
from ltzoo.data.cifar100_lt import CLASS_NAMES


@pytest.fixture
def official(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    rng = np.random.default_rng(0)
    parts = {}
    for name, per_class in (("train", 4), ("test", 1)):
        data = rng.integers(0, 256, (100 * per_class, 3072), dtype=np.uint8)
        labels = rng.permutation(np.repeat(np.arange(100), per_class))
        batch = {b"data": data, b"fine_labels": labels.tolist(), b"coarse_labels": [0] * len(labels)}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
        parts[name] = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
    return tmp_path, parts


def test_the_subset_is_the_published_procedure_on_the_fine_labels(official):
    root, parts = official
    dataset = load("cifar100_lt", imbalance_factor=4, data_dir=root)
    expected = [int(4 * (1 / 4) ** (c / 99)) for c in range(100)]
    positions = long_tail_subset(parts["train"][1], expected)
    assert dataset.class_counts.tolist() == expected
    np.testing.assert_array_equal(dataset.train.images, parts["train"][0][positions])
    np.testing.assert_array_equal(dataset.test.labels, parts["test"][1])


def test_names_are_the_hundred_fine_ones_in_order():
    assert len(CLASS_NAMES) == 100 and list(CLASS_NAMES) == sorted(set(CLASS_NAMES))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cifar-100-python/ .*cifar-100-python\.tar\.gz"):
        load("cifar100_lt", data_dir=tmp_path)


def test_a_factor_below_one_is_named(official):
    with pytest.raises(ValueError, match=r"Received: imbalance_factor=0"):
        load("cifar100_lt", imbalance_factor=0, data_dir=official[0])
