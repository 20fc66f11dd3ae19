"""Datasets from the TensorFlow Datasets catalog, with a stand-in for the package."""

import sys

import numpy as np
import pytest

from ltzoo.data import UnreadableImageError, from_tfds, load
from ltzoo.data.tfds import RecordSplit

from .fake_tfds import Builder, install, records

LABELS = [0, 0, 0, 1]


@pytest.fixture
def builder(monkeypatch):
    splits = {"train": records(LABELS), "test": records([1, 0]), "validation": records([1])}
    builder = Builder("pets", splits)
    install(monkeypatch, builder)
    return builder


def test_fixed_size_images_are_kept_in_memory(builder):
    dataset = from_tfds("pets")
    assert builder.prepared and dataset.name == "pets" and dataset.class_names == ("cat", "dog")
    assert dataset.class_counts.tolist() == [3, 1] and dataset.image_shape == (5, 6, 3)
    assert len(dataset.test) == 2 and dataset.val is None
    for pixels, label in zip(dataset.train.images, dataset.train.labels, strict=True):
        assert LABELS[pixels[0, 0, 0]] == label


def test_with_a_size_images_are_decoded_when_read(builder):
    dataset = from_tfds("pets", image_size=(4, 4), val_split="validation", test_split=None)
    assert isinstance(dataset.train, RecordSplit) and dataset.train.load([0, 1]).shape == (2, 4, 4, 3)
    assert len(dataset.val) == 1 and dataset.test is None
    part = dataset.train.subset([2, 0]).subset([1])
    np.testing.assert_array_equal(part.load([0]), dataset.train.load([0]))
    assert part.labels.tolist() == [dataset.train.labels[0]]


def test_the_array_record_format_is_asked_for(builder, monkeypatch):
    calls = install(monkeypatch, builder)
    from_tfds("pets", data_dir="somewhere")
    assert calls == [("pets", "somewhere", "array_record")]


def test_damaged_records_are_named(builder):
    builder.splits["train"][1]["image"] = b"broken"
    with pytest.raises(UnreadableImageError, match=r"pets/train record 1: not an image"):
        from_tfds("pets")


def test_images_of_several_sizes_need_a_size(monkeypatch):
    splits = {"train": records([0, 1], sizes=[(6, 5), (7, 5)])}
    install(monkeypatch, Builder("pets", splits))
    with pytest.raises(
        ValueError, match=r"`image_size` must be given .*pets/train record 1 of 5 x [67] after 5 x"
    ):
        from_tfds("pets", test_split=None)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"name": "cats"}, ValueError, r"catalog: Dataset cats not found. Received: name='cats'$"),
        ({"test_split": "exam"}, ValueError, r"Unknown split 'exam'. Received: split='exam'"),
        ({"image_key": "photo"}, ValueError, r"features image, label, id. Received: feature 'photo'"),
        ({"data_dir": "tfrecords"}, ValueError, r"another folder.*Received: data_dir='tfrecords'"),
        ({"download": False}, FileNotFoundError, r"download=True. Received: data_dir=None"),
    ],
)
def test_bad_arguments_are_named(builder, arguments, error, message):
    with pytest.raises(error, match=message):
        from_tfds(**{"name": "pets", **arguments})


def test_a_set_without_random_access_is_named(builder):
    builder.random_access = False
    with pytest.raises(ValueError, match=r"cannot be read by position"):
        from_tfds("pets")


def test_a_missing_package_gives_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r'pip install "ltzoo\[tfds\]".*Received: name=\'pets\''):
        from_tfds("pets")


def test_records_and_labels_must_match():
    with pytest.raises(ValueError, match=r"Received: 1 records, 2 labels"):
        RecordSplit("pets", [{}], [0, 1], "image", (4, 4))


def test_inaturalist_comes_from_the_catalog_when_asked(monkeypatch):
    builder = Builder("i_naturalist2018", {"train": records(LABELS), "validation": records([0, 1])})
    install(monkeypatch, builder)
    dataset = load("inaturalist2018", source="tfds", image_size=(8, 8))
    assert dataset.name == "inaturalist2018" and len(dataset.test) == 2
    assert dataset.train.load([0]).shape == (1, 8, 8, 3)
    with pytest.raises(ValueError, match=r"Received: imbalance_factor=2"):
        load("inaturalist2018", source="tfds", imbalance_factor=2)


def test_inaturalist_2017_comes_from_a_folder_that_must_be_named(monkeypatch, tmp_path):
    builder = Builder("i_naturalist2017", {"train": records(LABELS), "validation": records([0, 1])})
    install(monkeypatch, builder)
    dataset = load("inaturalist2017", data_dir=tmp_path, image_size=(8, 8))
    assert dataset.name == "inaturalist2017" and len(dataset.test) == 2 and dataset.image_shape == (8, 8, 3)
    with pytest.raises(FileNotFoundError, match=r"`data_dir` must be .* Received: data_dir=None"):
        load("inaturalist2017")
    with pytest.raises(ValueError, match=r"Received: imbalance_factor=2"):
        load("inaturalist2017", data_dir=tmp_path, imbalance_factor=2)
