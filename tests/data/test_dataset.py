"""The dataset object: counts, names and checks across splits."""

import numpy as np
import pytest

from ltzoo.data import ArraySplit, LongTailedDataset


def split(labels, shape=(4, 4, 3)):
    return ArraySplit(np.zeros((len(labels), *shape), np.uint8), labels)


def test_counts_come_from_the_training_labels():
    dataset = LongTailedDataset("pets", split([0, 0, 1]), test=split([0, 1]), class_names=["cat", "dog"])
    assert dataset.class_counts.tolist() == [2, 1] and dataset.class_counts.dtype == np.int64
    assert dataset.num_classes == 2 and dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (4, 4, 3)
    assert dataset.val is None and list(dataset.splits()) == ["train", "test"]
    assert "imbalance factor 2" in repr(dataset) and "train 3, test 2" in repr(dataset)


def test_classes_are_numbered_without_names():
    assert LongTailedDataset("numbers", split([2, 0, 1, 0])).class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    "train, val, names, message",
    [
        (split([0, 5, 1]), None, ["a", "b"], r"`train\.labels` must.*Received: label 5 at position 1"),
        (split([0, 1]), split([0, 2]), ["a", "b"], r"`val\.labels` must.*Received: label 2 at position 1"),
        (split([0, 3]), None, None, r"`train\.labels` must.*without gaps.*Received: label 3 at position 1"),
        (
            split([1, 2, 2]),
            None,
            None,
            r"numbered from 1 need labels - 1.*Received: no training image for 1 of 3",
        ),
        (
            split([0, 2]),
            None,
            ["a", "b", "c"],
            r"Received: no training image for 1 of 3 classes: 'b' \(index 1\)",
        ),
        (split([0, 1]), split([0], (5, 4, 3)), None, r"`val` images.*\(4, 4, 3\). Received: \(5, 4, 3\)"),
        (split([0, 1]), None, ["a", "a"], r"`class_names` must be unique. Received: 'a'"),
        (split([]), None, None, r"`train` must hold at least one image"),
    ],
)
def test_inconsistent_splits_are_named(train, val, names, message):
    with pytest.raises(ValueError, match=message):
        LongTailedDataset("bad", train, val=val, class_names=names)


def test_many_empty_classes_are_counted():
    with pytest.raises(ValueError, match=r"9 of 10 classes.*\(index 5\), \.\.\."):
        LongTailedDataset("bad", split([0]), class_names=[str(i) for i in range(10)])
