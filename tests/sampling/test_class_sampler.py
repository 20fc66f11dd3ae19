import pickle

import numpy as np
import pytest

from ltzoo.sampling import ClassSampler, class_probabilities
from ltzoo.sampling.inverse_cdf import draw_classes

COUNTS = np.array([40, 17, 6, 1])
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(4), COUNTS))
STRATEGIES = {
    "instance_balanced": {},
    "class_balanced": {},
    "square_root": {},
    "effective_number": {"beta": 0.99},
    "cben": {},
    "reversed": {},
    "progressive": {"num_epochs": 3},
    "class_aware": {"samples_per_visit": 4},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_batches_are_a_pure_function_of_seed_epoch_and_step(strategy):
    make = lambda seed: ClassSampler(LABELS, strategy, 10, seed, **STRATEGIES[strategy])  # noqa: E731
    sampler = make(5)
    epochs = [sampler.epoch(epoch) for epoch in range(4)]
    for epoch, step in ((3, 6), (0, 0), (2, 3), (0, 5), (1, 6)):
        expected = epochs[epoch][10 * step : 10 * step + 10]
        assert np.array_equal(make(5).batch(epoch, step), expected)
        assert np.array_equal(sampler.batch(epoch, step), expected)
    assert sampler.steps_per_epoch == 7
    assert sampler.batch(0, 6).shape == (4,) and sampler.batch(0, 0).dtype == np.int64
    assert not np.array_equal(make(6).epoch(0), epochs[0])
    assert not np.array_equal(epochs[0], epochs[1])
    assert np.array_equal(pickle.loads(pickle.dumps(sampler)).epoch(1), epochs[1])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("shard_count", [2, 5])
def test_shards_of_a_step_are_the_unsharded_batch(strategy, shard_count):
    make = lambda **shard: ClassSampler(LABELS, strategy, 10, 1, **STRATEGIES[strategy], **shard)  # noqa: E731
    whole = make()
    shards = [make(shard_index=i, shard_count=shard_count) for i in range(shard_count)]
    for step in range(whole.steps_per_epoch):
        joined = np.concatenate([shard.batch(1, step) for shard in shards])
        assert np.array_equal(joined, whole.batch(1, step))
    for shard in shards:
        assert np.array_equal(shard.epoch(1), np.concatenate([shard.batch(1, s) for s in range(7)]))


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "instance_balanced"])
def test_draws_follow_the_class_probabilities(strategy):
    sampler = ClassSampler(LABELS, strategy, 100, epoch_length=40_000, **STRATEGIES[strategy])
    for epoch in (0, 1, 7):
        positions = sampler.epoch(epoch)
        probabilities = sampler.class_probabilities(epoch)
        of_image = np.bincount(positions, minlength=len(LABELS)) / len(positions)
        expected = probabilities[LABELS] / COUNTS[LABELS]
        assert (np.abs(of_image - expected) < 5 * np.sqrt(expected / len(positions))).all()
        share = np.bincount(LABELS[positions], minlength=4) / len(positions)
        assert (np.abs(share - probabilities) < 5 * np.sqrt(probabilities / len(positions))).all()


def test_instance_balanced_epochs_are_permutations():
    sampler = ClassSampler(LABELS, batch_size=10)
    assert np.array_equal(np.sort(sampler.epoch(0)), np.arange(64))
    full = ClassSampler(LABELS, batch_size=10, drop_remainder=True)
    assert full.steps_per_epoch == 6
    assert np.array_equal(full.epoch(3), sampler.epoch(3)[:60])
    longer = ClassSampler(LABELS, batch_size=10, epoch_length=150).epoch(0)
    assert np.array_equal(np.bincount(longer[:128]), np.full(64, 2)) and len(longer) == 150


def test_progressive_uses_the_epoch_and_stays_at_the_end():
    sampler = ClassSampler(LABELS, "progressive", num_epochs=3)
    for epoch in range(3):
        expected = class_probabilities(COUNTS, "progressive", epoch=epoch, num_epochs=3)
        assert np.array_equal(sampler.class_probabilities(epoch), expected)
    np.testing.assert_allclose(sampler.class_probabilities(9), 0.25)


def test_draw_classes_is_the_inverse_cdf():
    rng = np.random.default_rng(1)
    for p in ([1.0], [0.25, 0.75], rng.dirichlet(np.full(300, 0.05)) + 1e-12):
        uniforms = np.append(rng.random(2000), [0.0, 1 - 2.0**-53])
        cumulative = np.cumsum(p) / np.sum(p)
        expected = np.minimum(np.searchsorted(cumulative, uniforms, side="right"), len(cumulative) - 1)
        assert np.array_equal(draw_classes(p, uniforms), expected)


def test_returned_positions_cannot_corrupt_the_sampler():
    batch = ClassSampler(LABELS, "class_balanced").batch(0, 0)
    with pytest.raises(ValueError, match="read-only"):
        batch[0] = 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"labels": []}, "`labels` must hold.*labels of length 0"),
        ({"labels": [0.0, 1.0]}, "type float64"),
        ({"labels": [0, -1]}, "labels from -1 to 0"),
        ({"labels": [0, 5], "num_classes": 3}, "in 0..2, one of the 3 classes.*label 5 at position 1"),
        ({"labels": [0, 2]}, "without gaps.*label 2 at position 1"),
        ({"labels": [0, 2, 2]}, "1 empty classes, the first of them \\[1\\]"),
        ({"labels": [[0, 1], [1, 0]]}, "argmax.*labels of shape \\(2, 2\\)"),
        ({"strategy": "balanced"}, "class_aware.*class_balanced.*Received: strategy='balanced'"),
        ({"strategy": "square_root", "beta": 0.9}, "no argument `beta`"),
        ({"strategy": "progressive"}, "needs num_epochs"),
        ({"strategy": "class_aware", "beta": 1}, "samples_per_visit"),
        ({"strategy": "class_aware", "samples_per_visit": 0}, "samples_per_visit=0"),
        ({"batch_size": 0}, "Received: batch_size=0"),
        ({"seed": -1}, "Received: seed=-1"),
        ({"epoch_length": "twice"}, "'oversampled'"),
        ({"batch_size": 10, "shard_count": 3}, "shard_count=3, batch_size=10"),
        ({"shard_count": 2, "shard_index": 2}, "shard_index=2"),
        ({"batch_size": 4, "drop_remainder": True}, "no full batch"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        ClassSampler(**{"labels": [0, 1], **arguments})


def test_step_outside_the_epoch():
    with pytest.raises(IndexError, match="0 .. 6. Received: step=7"):
        ClassSampler(LABELS, batch_size=10).batch(0, 7)
