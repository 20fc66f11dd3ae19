from pathlib import Path

import numpy as np
import pytest

from ltzoo.sampling import ClassSampler

REFERENCE = Path(__file__).parents[1] / "reference" / "class_aware_order_01.npz"


def check_structure(positions, labels, counts, per_visit):
    """Each class once a cycle, and its images in passes over its whole list; `positions` are whole cycles."""
    classes = labels[positions].reshape(-1, len(counts), per_visit)
    assert (classes == classes[:, :, :1]).all()
    assert (np.sort(classes[:, :, 0], axis=1) == np.arange(len(counts))).all()
    for number, count in enumerate(counts):
        drawn = positions[labels[positions] == number]
        for start in range(0, len(drawn), count):
            assert len(set(drawn[start : start + count])) == len(drawn[start : start + count])


def test_the_published_order_has_the_structure_that_is_checked():
    with np.load(REFERENCE) as case:
        counts, classes = case["counts"], case["classes"]
        labels = np.repeat(np.arange(len(counts)), counts)
        assert np.array_equal(labels[case["indexes"]], classes)
        check_structure(case["indexes"], labels, counts, int(case["samples_per_visit"]))


def test_same_structure_and_epoch_length_as_published():
    with np.load(REFERENCE) as case:
        counts, epoch_length = case["counts"], int(case["epoch_length"])
    labels = np.repeat(np.arange(len(counts)), counts)
    sampler = ClassSampler(labels, "class_aware", 100, epoch_length="oversampled")
    assert sampler.epoch_length == epoch_length and sampler.steps_per_epoch == epoch_length // 100
    check_structure(sampler.epoch(0), labels, counts, 4)


@pytest.mark.parametrize("per_visit", [1, 3, 4])
def test_the_order_runs_on_from_epoch_to_epoch(per_visit):
    counts = np.array([9, 5, 2, 1, 1])
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(5), counts))
    length, epochs = 14, 5 * 3 * 4
    sampler = ClassSampler(labels, "class_aware", 8, 2, epoch_length=length, samples_per_visit=per_visit)
    stream = np.concatenate([sampler.epoch(epoch) for epoch in range(epochs)])
    check_structure(stream, labels, counts, per_visit)
    other = ClassSampler(labels, "class_aware", 8, 2, epoch_length=30, samples_per_visit=per_visit)
    assert np.array_equal(np.concatenate([other.epoch(epoch) for epoch in range(4)]), stream[:120])


def test_every_order_of_a_list_is_as_likely_as_any_other():
    labels = np.zeros(3, dtype=int)
    stream = ClassSampler(labels, "class_aware", 8, epoch_length=18_000).epoch(0).reshape(-1, 3)
    share = np.unique(stream @ [9, 3, 1], return_counts=True)[1] / len(stream)
    np.testing.assert_allclose(share, np.full(6, 1 / 6), atol=0.02)


def test_class_orders_differ_between_cycles_and_are_uniform():
    labels = np.arange(3)
    stream = ClassSampler(labels, "class_aware", 8, epoch_length=18_000, samples_per_visit=1).epoch(0)
    share = np.unique(stream.reshape(-1, 3) @ [9, 3, 1], return_counts=True)[1] / 6000
    np.testing.assert_allclose(share, np.full(6, 1 / 6), atol=0.02)
