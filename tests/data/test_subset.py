"""The published subset procedure, image for image, and the stratified split."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ltzoo.data import long_tail_subset
from ltzoo.data.subset import stratified_split

REFERENCE = Path(__file__).parents[1] / "reference"
CIFAR = json.loads((REFERENCE / "cifar_lt_subsets.json").read_text())


@pytest.mark.parametrize("case", CIFAR)
def test_cifar_subsets_are_exactly_the_published_images(case):
    """The choice within a class depends on the order within the class alone, so the fixture's positions
    stand for labels dealt round robin: image r of class c at position r * C + c."""
    case = CIFAR[case]
    classes = case["num_classes"]
    labels = np.tile(np.arange(classes), case["per_class_total"])
    positions = long_tail_subset(labels, case["counts"], seed=case["seed"])
    assert len(np.unique(positions)) == len(positions) == sum(case["counts"])
    assert np.bincount(labels[positions]).tolist() == case["counts"]
    assert hashlib.sha256(positions.astype("<i8").tobytes()).hexdigest() == case["positions_sha256"]


@pytest.mark.parametrize("case", ["lt_subset_mini_01", "lt_subset_mini_02"])
def test_whole_procedure_on_shuffled_labels(case):
    with np.load(REFERENCE / f"{case}.npz") as data:
        positions = long_tail_subset(data["labels"], data["counts"], seed=int(data["seed"]))
        assert positions.tolist() == data["selected_index"].tolist()
        assert data["labels"][positions].tolist() == data["selected_label"].tolist()


def test_the_seed_changes_the_choice():
    labels = np.repeat([0, 1], 50)
    assert long_tail_subset(labels, [20, 5]).tolist() != long_tail_subset(labels, [20, 5], seed=1).tolist()


@pytest.mark.parametrize(
    "labels, counts, message",
    [
        ([0, 0, 1], [2, 2], r"2 images of class 1, but `labels` has only 1.*Received: class_counts=\[2, 2\]"),
        ([0, 0, 2], [1, 1], r"Received: label 2 at position 2"),
        ([0, 0, 1], [1, 0], r"Received: class_counts\[1\]=0"),
    ],
)
def test_impossible_subsets_are_named(labels, counts, message):
    with pytest.raises(ValueError, match=message):
        long_tail_subset(labels, counts)


def test_stratified_split_keeps_an_image_of_every_class_for_training():
    labels = np.repeat([0, 1, 2, 3], [40, 5, 2, 1])
    train, val = stratified_split(labels, 0.1, seed=0)
    assert np.bincount(labels[train]).tolist() == [36, 4, 1, 1]
    assert np.bincount(labels[val]).tolist() == [4, 1, 1]
    assert sorted([*train, *val]) == list(range(len(labels)))
    large_train, _ = stratified_split(labels, 0.99, seed=0)
    assert np.bincount(labels[large_train]).tolist() == [1, 1, 1, 1]


def test_stratified_split_follows_the_seed():
    labels = np.repeat([0, 1], 30)
    first, second = stratified_split(labels, 0.2, seed=1), stratified_split(labels, 0.2, seed=1)
    other = stratified_split(labels, 0.2, seed=2)
    assert first[1].tolist() == second[1].tolist() != other[1].tolist()
    assert stratified_split(labels, 0.0)[1].size == 0
