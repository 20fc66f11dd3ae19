import numpy as np
import pytest

from ltzoo.sampling.subset import SubsetSampler

LABELS = np.array([0] * 12 + [1] * 6 + [2] * 2 + [3] * 5)[np.random.default_rng(0).permutation(25)]


def test_an_epoch_has_the_images_of_the_classes():
    sampler = SubsetSampler(LABELS, [3, 1], batch_size=4, seed=2)
    drawn = np.concatenate([sampler.batch(1, step) for step in range(sampler.steps_per_epoch)])
    np.testing.assert_array_equal(np.sort(drawn), np.flatnonzero((LABELS == 1) | (LABELS == 3)))
    np.testing.assert_array_equal(sampler.batch(1, 1), sampler.batch(1, 1))


def test_strategies_and_shards():
    whole = SubsetSampler(LABELS, [0, 2], "class_balanced", 8, 3, epoch_length=800)
    labels = LABELS[np.concatenate([whole.batch(0, step) for step in range(100)])]
    assert set(labels) == {0, 2} and 0.45 < (labels == 2).mean() < 0.55
    parts = [
        SubsetSampler(LABELS, [0, 2], "class_balanced", 8, 3, epoch_length=800, shard_index=i, shard_count=2)
        for i in (0, 1)
    ]
    np.testing.assert_array_equal(np.concatenate([part.batch(0, 5) for part in parts]), whole.batch(0, 5))


@pytest.mark.parametrize("classes", [[], [7], [0, 7]])
def test_classes_without_images_are_refused(classes):
    with pytest.raises(ValueError, match="`classes` must be classes with images. Received: classes="):
        SubsetSampler(LABELS, classes, batch_size=2)
