"""Groups of positions: views and companions."""

import numpy as np
import pytest

from ltzoo.sampling import ClassSampler, GroupedSampler, make_sampler

LABELS = np.repeat(np.arange(3), (12, 6, 2))


def test_views_repeat_each_position():
    plain = make_sampler(LABELS, batch_size=8, seed=3)
    views = make_sampler(LABELS, batch_size=8, seed=3, views=3)
    assert views.steps_per_epoch == plain.steps_per_epoch == 3
    for step in range(3):
        groups = views.batch(1, step).reshape(-1, 3)
        np.testing.assert_array_equal(groups, np.repeat(plain.batch(1, step)[:, None], 3, axis=1))


def test_a_companion_alternates_with_the_main_positions():
    plain = make_sampler(LABELS, batch_size=8, seed=3)
    paired = make_sampler(LABELS, batch_size=8, seed=3, companion={"strategy": "reversed"})
    drawn = []
    for epoch in range(40):
        for step in range(paired.steps_per_epoch):
            pairs = paired.batch(epoch, step).reshape(-1, 2)
            np.testing.assert_array_equal(pairs[:, 0], plain.batch(epoch, step))
            drawn.append(LABELS[pairs[:, 1]])
    share = np.bincount(np.concatenate(drawn), minlength=3) / 800
    expected = (1 / np.array([12, 6, 2])) / (1 / np.array([12, 6, 2])).sum()
    np.testing.assert_allclose(share, expected, atol=0.06)
    np.testing.assert_array_equal(paired.batch(5, 1), paired.batch(5, 1))


def test_views_and_a_companion_make_groups_of_both():
    plain = make_sampler(LABELS, batch_size=8, seed=3, companion={"strategy": "reversed"})
    both = make_sampler(LABELS, batch_size=8, seed=3, views=2, companion={"strategy": "reversed"})
    assert (plain.group_size, both.group_size) == (2, 3)
    pairs, groups = plain.batch(1, 2).reshape(-1, 2), both.batch(1, 2).reshape(-1, 3)
    np.testing.assert_array_equal(groups, pairs[:, [0, 0, 1]])


def test_shards_in_turn_are_the_unsharded_batch():
    arguments = {"batch_size": 8, "seed": 3, "companion": {"strategy": "class_balanced"}}
    whole = make_sampler(LABELS, **arguments).batch(0, 1)
    parts = [make_sampler(LABELS, shard_index=i, shard_count=2, **arguments).batch(0, 1) for i in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_progressive_companion_gets_the_epochs_of_the_stage():
    paired = make_sampler(LABELS, batch_size=8, num_epochs=4, companion={"strategy": "progressive"})
    assert paired.companion.strategy_parameters["num_epochs"] == 4


def test_groups_that_do_not_fit_are_refused():
    main = ClassSampler(LABELS, batch_size=8)
    with pytest.raises(ValueError, match="views=0"):
        GroupedSampler(main, views=0)
    with pytest.raises(ValueError, match="batch size"):
        GroupedSampler(main, companion=ClassSampler(LABELS, batch_size=4))
