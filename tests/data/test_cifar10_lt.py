"""Long-tailed CIFAR-10 from files in the official layout (made of noise)."""

import pickle
import tarfile

import numpy as np
import pytest

from ltzoo.data import load, long_tail_subset
from ltzoo.data.cifar10_lt import CLASS_NAMES

PER_CLASS = 20


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """A folder with 200 training and 20 test images; returns it with the training images and labels."""
    root = tmp_path_factory.mktemp("cifar10")
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (220, 3072), dtype=np.uint8)
    labels = np.concatenate(
        [rng.permutation(np.repeat(np.arange(10), PER_CLASS)), np.repeat(np.arange(10), 2)]
    )
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    for number, name in enumerate(names):
        part = slice(40 * number, min(40 * number + 40, 220))
        batch = {b"data": data[part], b"labels": labels[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return root, images, labels


def test_the_subset_is_the_published_procedure_on_the_official_order(official):
    root, images, labels = official
    dataset = load("cifar10_lt", imbalance_factor=10, data_dir=root)
    expected = [int(PER_CLASS * (1 / 10) ** (c / 9)) for c in range(10)]
    positions = long_tail_subset(labels[:200], expected)
    assert dataset.class_counts.tolist() == expected and dataset.class_names == CLASS_NAMES
    np.testing.assert_array_equal(dataset.train.images, images[positions])
    np.testing.assert_array_equal(dataset.train.labels, labels[positions])
    np.testing.assert_array_equal(dataset.test.images, images[200:])
    np.testing.assert_array_equal(dataset.test.labels, labels[200:])
    assert dataset.image_shape == (32, 32, 3) and dataset.val is None


def test_folder_itself_and_archive_give_the_same(official, tmp_path):
    root, _, _ = official
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(root / "cifar-10-batches-py", "cifar-10-batches-py")
    reference = load("cifar10_lt", imbalance_factor=5, data_dir=root)
    for data_dir in (root / "cifar-10-batches-py", tmp_path, tmp_path / "cifar-10-python.tar.gz", str(root)):
        other = load("cifar10_lt", imbalance_factor=5, data_dir=data_dir)
        np.testing.assert_array_equal(other.train.images, reference.train.images)


def test_factor_profile_and_seed(official):
    root, _, _ = official
    assert load("cifar10_lt", imbalance_factor=1, data_dir=root).class_counts.tolist() == [20] * 10
    step = load("cifar10_lt", imbalance_factor=10, data_dir=root, profile="step")
    assert step.class_counts.tolist() == [20] * 5 + [2] * 5
    first = load("cifar10_lt", imbalance_factor=10, data_dir=root)
    other = load("cifar10_lt", imbalance_factor=10, data_dir=root, seed=1)
    assert first.class_counts.tolist() == other.class_counts.tolist()
    assert not np.array_equal(first.train.images, other.train.images)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"imbalance_factor": 0.5}, r"Received: imbalance_factor=0\.5"),
        ({}, r"lower `imbalance_factor`. Received: max_count=20, imbalance_factor=100"),
        ({"imbalance_factor": 2, "profile": "cubic"}, r"Received: profile='cubic'"),
        ({"imbalance_factor": 2, "size": 8}, r"it has .* profile. Received: size=8"),
    ],
)
def test_bad_arguments_are_named(official, arguments, message):
    with pytest.raises(ValueError, match=message):
        load("cifar10_lt", data_dir=official[0], **arguments)


def test_a_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"official folder cifar-10-batches-py/ .*Received: data_dir="
    ):
        load("cifar10_lt", data_dir=tmp_path)
