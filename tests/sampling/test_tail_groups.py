"""Groups of a tail image, images of confusing classes and head images; the split into head and tail."""

import numpy as np
import pytest

from ltzoo.class_counts import long_tail_counts
from ltzoo.sampling import TailGroupSampler, split_head_tail

COUNTS = np.array([40, 24, 12, 6, 3, 3])
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(6), COUNTS))
CONFUSING = np.array([[1, 2], [0, 2], [0, 1], [0, 1], [1, 2], [2, 3]])


def sampler(**changes):
    return TailGroupSampler(LABELS, CONFUSING, **{"batch_size": 24, "seed": 3, "num_augmented": 2, **changes})


def groups(of, epoch=0, step=0):
    return of.labels[of.batch(epoch, step)].reshape(-1, of.group_size)


def test_the_head_is_the_fewest_classes_with_their_share():
    cifar = long_tail_counts(5000, 10, 100)
    head, tail = split_head_tail(cifar)
    assert head.tolist() == [0, 1, 2, 3, 4]
    assert cifar[:5].sum() >= 0.9 * cifar.sum() > cifar[:4].sum()
    assert tail.tolist() == [5, 6, 7, 8, 9]
    # 36 of 40 images are 90 %; the order of the classes does not matter.
    assert [part.tolist() for part in split_head_tail([4, 24, 12])] == [[1, 2], [0]]
    assert [part.tolist() for part in split_head_tail([5, 5, 5])] == [[0, 1], [2]]
    assert [part.tolist() for part in split_head_tail([9, 1], head_share=0.5)] == [[0], [1]]
    with pytest.raises(ValueError, match="head_share=1.0"):
        split_head_tail([5, 5], head_share=1.0)
    with pytest.raises(ValueError, match="two classes"):
        split_head_tail([5])


def test_groups_hold_what_algorithm_1_asks_for():
    drawn = sampler()
    assert drawn.head_classes.tolist() == [0, 1, 2, 3] and drawn.tail_classes.tolist() == [4, 5]
    assert (drawn.num_groups, drawn.group_size, drawn.batch_size) == (4, 6, 24)
    assert drawn.steps_per_epoch == 4
    for step in range(4):
        found = groups(drawn, 1, step)
        assert found.shape == (4, 6)
        assert np.isin(found[:, 0], [4, 5]).all() and np.isin(found[:, 3:], [0, 1, 2, 3]).all()
        # One image of each of the N_f = N_a confusing classes.
        np.testing.assert_array_equal(np.sort(found[:, 1:3], axis=1), CONFUSING[found[:, 0]])


def test_batches_depend_on_seed_epoch_and_step_alone():
    first, again = sampler(), sampler()
    for place in ((0, 0), (0, 3), (7, 1)):
        np.testing.assert_array_equal(first.batch(*place), again.batch(*place))
    assert (first.batch(0, 0) != first.batch(0, 1)).any()
    assert (first.batch(0, 0) != first.batch(1, 0)).any()
    assert (first.batch(0, 0) != sampler(seed=4).batch(0, 0)).any()
    parts = [sampler(shard_index=i, shard_count=2).batch(2, 1) for i in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), first.batch(2, 1))


@pytest.mark.parametrize("draws", ["classes", "images"])
def test_draws_are_uniform_over_classes_or_over_images(draws):
    drawn = sampler(
        batch_size=6000, tail_draws=draws, head_draws=draws, head_share=0.85, num_steps=2, num_augmented=2
    )
    assert drawn.tail_classes.tolist() == [3, 4, 5]
    positions = np.concatenate([drawn.batch(0, step) for step in range(2)]).reshape(-1, 6)
    for columns, classes in ((positions[:, 0], [3, 4, 5]), (positions[:, 3:], [0, 1, 2])):
        found = np.bincount(columns.reshape(-1), minlength=len(LABELS)) / columns.size
        members = np.isin(LABELS, classes)
        expected = members / (COUNTS[LABELS] * len(classes) if draws == "classes" else members.sum())
        np.testing.assert_allclose(found, expected, atol=0.02)
        np.testing.assert_allclose(np.bincount(LABELS, found, 6), np.bincount(LABELS, expected, 6), atol=0.03)


def test_other_numbers_of_samples_than_of_confusing_classes():
    few = groups(sampler(num_augmented=1, batch_size=400))
    assert few.shape == (100, 4)
    pair = np.stack([few[:, 0], few[:, 1]])
    assert {tuple(column) for column in pair.T} == {(4, 1), (4, 2), (5, 2), (5, 3)}
    many = groups(sampler(num_augmented=5, batch_size=120))
    counts = np.array(
        [
            np.bincount(row, minlength=6)[CONFUSING[tail]]
            for tail, row in zip(many[:, 0], many[:, 1:6], strict=True)
        ]
    )
    assert (np.sort(counts, axis=1) == [2, 3]).all()
    none = sampler(num_augmented=0, batch_size=7)
    assert (none.batch_size, none.group_size) == (6, 2)
    assert sampler(batch_size=1).batch_size == 6


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"confusing": CONFUSING[:3]}, "one row of classes"),
        ({"confusing": CONFUSING + 4}, "class numbers"),
        ({"tail_draws": "rows"}, "tail_draws='rows'"),
        ({"shard_count": 3}, "shard_count=3"),
        ({"num_steps": 0}, "num_steps=0"),
        ({"num_augmented": -1}, "num_augmented=-1"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        sampler(**changes) if "confusing" not in changes else TailGroupSampler(LABELS, changes["confusing"])


def test_steps_outside_of_the_epoch_are_refused():
    with pytest.raises(IndexError, match="step=4"):
        sampler().batch(0, 4)
