"""Counts are checked once and never change; shot groups at their limits."""

import copy
import pickle

import numpy as np
import pytest

from ltzoo.class_counts import ClassCounts, shot_groups


@pytest.mark.parametrize(
    "counts, message",
    [
        ([], r"non-empty"),
        ([[1, 2]], r"one-dimensional"),
        ([1.5, 2.0], r"integers"),
        ([True, False], r"integers"),
        ([3, 0, 2], r"Received: class_counts\[1\]=0"),
        ([[1], [1, 2]], r"one-dimensional"),
        (np.array([1], "timedelta64[s]"), r"integers"),
        (np.array([1, 2**63], "uint64"), r"int64. Received: class_counts\[1\]=9223372036854775808"),
    ],
)
def test_bad_class_counts_are_named(counts, message):
    with pytest.raises(ValueError, match=message):
        ClassCounts(counts)


def test_counts_are_a_read_only_copy():
    given = np.array([3, 2], dtype=np.int32)
    counts = ClassCounts(given)
    given[0] = 9
    assert counts.tolist() == [3, 2] and counts.array.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        counts.array[0] = 9
    with pytest.raises(AttributeError):
        counts.total = 9
    with pytest.raises(TypeError):
        counts[0] = 9


def test_counts_of_counts_are_the_same_object_unchecked(monkeypatch):
    counts = ClassCounts([3, 2])
    monkeypatch.setattr("ltzoo.class_counts.counts._checked", pytest.fail)
    assert ClassCounts(counts) is counts


def test_counts_are_equal_and_hashed_by_value():
    counts = ClassCounts([3, 2])
    assert counts == ClassCounts(np.array([3, 2], np.uint8)) and counts != ClassCounts([2, 3])
    assert {counts: "a"}[ClassCounts((3, 2))] == "a"
    assert counts != [3, 2] and counts != (3, 2)


def test_counts_are_a_sequence_of_ints():
    counts = ClassCounts(np.array([3, 2, 7]))
    assert len(counts) == 3 and list(counts) == [3, 2, 7] and 7 in counts and counts.index(7) == 2
    assert all(type(count) is int for count in (*counts, counts[0], counts[np.int64(1)], *counts.tolist()))
    assert counts[-1] == 7 and counts[1:] == (2, 7)


def test_counts_become_arrays():
    counts = ClassCounts([3, 2])
    array = np.asarray(counts)
    assert array.dtype == np.int64 and array.tolist() == [3, 2] and not array.flags.writeable
    assert np.asarray(counts, "float32").dtype == np.float32
    own = np.array(counts)
    own[0] = 9
    assert counts.tolist() == [3, 2]
    np.testing.assert_array_equal(np.array([6, 6]) / counts, [2.0, 3.0])
    assert np.array_equal(counts, [3, 2])
    with pytest.raises(ValueError, match="`copy` must not be False"):
        counts.__array__("float32", copy=False)


def test_what_counts_tell():
    counts = ClassCounts([120, 30, 10])
    assert (counts.num_classes, counts.total, counts.largest, counts.smallest) == (3, 160, 120, 10)
    assert counts.imbalance_factor == 12.0
    assert counts.prior.dtype == np.float64 and counts.prior.tolist() == [0.75, 0.1875, 0.0625]
    groups = {name: members.tolist() for name, members in counts.groups.items()}
    assert groups == {"many": [0], "medium": [1], "few": [2]}


def test_counts_must_be_as_many_as_logits():
    counts = ClassCounts([3, 2])
    assert counts.require(2) is counts
    with pytest.raises(ValueError, match=r"each of the 3 logits. Received: class_counts of length 2"):
        counts.require(3)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda counts: pickle.loads(pickle.dumps(counts))]
)
def test_counts_survive_copies_and_pickle(again):
    counts = ClassCounts([3, 2])
    assert again(counts) == counts and again(counts).array.tolist() == [3, 2]


def test_repr_shows_the_first_counts():
    assert repr(ClassCounts([3, 2])) == "ClassCounts([3, 2])"
    assert repr(ClassCounts([7] * 8142)) == "ClassCounts([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, ...])"


def test_shot_groups_at_their_limits():
    groups = shot_groups([101, 100, 20, 19, 500])
    assert {name: members.tolist() for name, members in groups.items()} == {
        "many": [0, 4],
        "medium": [1, 2],
        "few": [3],
    }
    assert all(members.dtype == np.int64 for members in groups.values())
    assert shot_groups([5, 6])["many"].size == 0


def test_shot_group_thresholds_can_change_but_not_overlap():
    assert shot_groups([101, 50, 3], many_above=40, few_below=5)["many"].tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"two groups"):
        shot_groups([1, 2], many_above=10, few_below=12)
