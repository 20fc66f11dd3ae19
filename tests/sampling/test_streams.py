"""Class probabilities of draws from a stream, what they cost, and their seeds."""

import numpy as np
import pytest

from ltzoo.sampling import StreamSampler, class_probabilities, reads_per_image
from ltzoo.sampling.streams import cached_classes

pytestmark = pytest.mark.rotating(3)

tf = pytest.importorskip("tensorflow")

COUNTS = np.array([60, 25, 10, 5])


def pairs(counts=COUNTS):
    """A stream whose images hold their own number."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    images = np.zeros((len(labels), 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels))
    return tf.data.Dataset.from_tensor_slices((images, labels)), labels


def drawn(sampler, steps, first_epoch=0):
    stream, _ = pairs()
    found, kept = sampler.keep(stream.batch(16).as_numpy_iterator())
    batches = sampler.drawn(stream, found, kept, first_epoch).take(steps).as_numpy_iterator()
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images)[:, 0, 0, 0], np.concatenate(labels)


@pytest.mark.parametrize("cache_images", [0, 15, 1000])
@pytest.mark.parametrize("strategy", ["class_balanced", "cben", "square_root", "reversed"])
def test_probabilities_are_exact_and_images_of_a_class_equally_likely(strategy, cache_images):
    sampler = StreamSampler(COUNTS, strategy, 100, seed=7, shuffle_images=100, cache_images=cache_images)
    numbers, labels = drawn(sampler, 80)
    share, right = np.bincount(labels, minlength=4) / len(labels), class_probabilities(COUNTS, strategy)
    # Four standard errors of 8,000 draws.
    assert np.all(np.abs(share - right) < 4 * np.sqrt(right * (1 - right) / len(labels)))
    _, own = pairs()
    assert (own[numbers] == labels).all()
    for label in range(4):
        times = np.bincount(numbers[labels == label], minlength=100)[own == label]
        expected = times.sum() / len(times)
        assert np.abs(times - expected).max() < 5 * np.sqrt(expected) + 1


def test_the_cost_is_that_of_the_formula():
    sampler = StreamSampler(COUNTS, "class_balanced", 50, shuffle_images=0, cache_images=0)
    stream, _ = pairs()
    read = []

    def counted(image, label):
        return tf.numpy_function(lambda i, y: (read.append(1), i)[1], [image, label], tf.uint8), label

    counting = stream.map(counted)
    found, kept = sampler.keep(stream.batch(16).as_numpy_iterator())
    for _ in sampler.drawn(counting, found, kept, 0).take(40):
        pass
    # Of 5 of 100 images each is drawn with p = 1/4.
    assert reads_per_image(COUNTS, "class_balanced") == pytest.approx(0.25 * 100 / 5)
    assert len(read) / 2000 == pytest.approx(5, rel=0.1)


def test_what_is_kept_in_memory():
    p = class_probabilities(COUNTS, "class_balanced")
    assert [cached_classes(COUNTS, p, n).tolist() for n in (4, 5, 14, 15, 99, 100)] == [
        [], [3], [3], [2, 3], [1, 2, 3], [0, 1, 2, 3],
    ]  # fmt: skip
    assert reads_per_image(COUNTS, "class_balanced", 15) == pytest.approx(0.25 * 100 / 25)
    assert reads_per_image(COUNTS, "class_balanced", 100) == 0
    assert reads_per_image(COUNTS, "instance_balanced") == 1
    sampler = StreamSampler(COUNTS, "class_balanced", 10, cache_images=15)
    found, kept = sampler.keep(pairs()[0].batch(16).as_numpy_iterator())
    assert found.tolist() == COUNTS.tolist() and {k: len(v) for k, v in kept.items()} == {2: 10, 3: 5}


@pytest.mark.parametrize("drop", [False, True])
def test_in_order_each_image_comes_once_per_epoch_in_another_order(drop):
    sampler = StreamSampler(COUNTS, batch_size=30, seed=3, shuffle_images=40, drop_remainder=drop)
    steps = sampler.steps_per_epoch
    assert steps == (3 if drop else 4)
    batches = [b[1][:, 0, 0, 0] for b in sampler.in_order(pairs()[0], 0).take(2 * steps).as_numpy_iterator()]
    first, second = np.concatenate(batches[:steps]), np.concatenate(batches[steps:])
    if not drop:
        assert sorted(first) == sorted(second) == list(range(100)) and [len(b) for b in batches[:4]] == [
            30,
            30,
            30,
            10,
        ]
    assert first.tolist() != second.tolist()
    again = [b[1][:, 0, 0, 0] for b in sampler.in_order(pairs()[0], 1).take(steps).as_numpy_iterator()]
    assert np.concatenate(again).tolist() == second.tolist()  # A resumed training.


def test_seeds():
    def numbers(seed, epoch=0):
        return drawn(StreamSampler(COUNTS, "cben", 20, seed, cache_images=15), 5, epoch)[0].tolist()

    assert numbers(1) == numbers(1) != numbers(2)
    assert numbers(1) != numbers(1, epoch=1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"strategy": "progressive", "num_epochs": 5}, "works with a stream: its probabilities change"),
        ({"strategy": "class_aware"}, "use 'class_balanced'"),
        ({"strategy": "classbalanced"}, "Did you mean|must be"),
        ({"strategy": "cben", "beta": 1}, "beta"),
        ({"epoch_length": 50}, "`epoch_length` must be None for a stream"),
        ({"batch_size": 200, "drop_remainder": True}, "`batch_size`"),
    ],
)
def test_what_a_stream_cannot_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        StreamSampler(COUNTS, **arguments)


def test_wrong_counts_of_rare_classes_are_refused():
    with pytest.raises(ValueError, match="Received: 4 of class 3, which has more"):
        StreamSampler([60, 25, 10, 4], "class_balanced", 10).keep(pairs()[0].batch(9).as_numpy_iterator())
    with pytest.raises(ValueError, match="No image is of class 4"):
        StreamSampler([60, 25, 10, 5, 1], "class_balanced", 10).keep(pairs()[0].batch(9).as_numpy_iterator())
