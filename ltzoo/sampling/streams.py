"""Draw images from a stream of `tf.data` with given class probabilities, without holding all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ltzoo.checks import integer, refuse
from ltzoo.class_counts import ClassCounts
from ltzoo.sampling.probabilities import check_parameters, class_probabilities

_GRAPH_SEED = 87654321  # TensorFlow's own, where no global seed is set.
_NOT_STREAMED = {
    "progressive": "its probabilities change; use 'square_root' or 'class_balanced'",
    "class_aware": "it visits images in cycles; use 'class_balanced', which has the same probabilities",
}


def reads_per_image(
    class_counts: Sequence[int] | np.ndarray, strategy: str, cache_images: int = 0, **parameters: Any
) -> float:
    """Return how many images of a stream must be read to draw one: `max_c p_c N / n_c` over the streamed classes c.

    Args:
        class_counts: training images per class n `[C]`, N together.
        strategy: name of a sampling strategy, with class probabilities p.
        cache_images: most images that are kept in memory; see `cached_classes`.
        **parameters: parameters of the strategy.

    Returns:
        at least 1 for "instance_balanced", whose images are read in order; 0 if all classes are in memory.
    """
    counts = ClassCounts(class_counts)
    if strategy == "instance_balanced":
        return 1.0
    probabilities = class_probabilities(counts, strategy, **parameters)
    streamed = np.setdiff1d(np.arange(len(counts)), cached_classes(counts, probabilities, cache_images))
    rates = probabilities[streamed] / counts.array[streamed]
    return float(rates.max() * counts.array.sum()) if streamed.size else 0.0


def cached_classes(
    class_counts: Sequence[int] | np.ndarray, probabilities: np.ndarray, cache_images: int
) -> np.ndarray:
    """Return the classes whose images are kept in memory, int64, ascending.

    Those whose images are drawn most often, by p_c / n_c, come first; of equals, the smaller ones. They are taken as
    long as all their images are at most `cache_images`.
    """
    counts = ClassCounts(class_counts).array
    order = np.lexsort((counts, -np.asarray(probabilities) / counts))
    fits = np.cumsum(counts[order]) <= cache_images
    return np.sort(order[: len(order) if fits.all() else int(np.argmin(fits))])


class StreamSampler:
    """Batches of a stream, in which each class has the probability of a strategy.

    Args:
        class_counts: training images per class `[C]`.
        strategy: "instance_balanced" (each image once per epoch), or a strategy of `class_probabilities` whose
            probabilities stay the same: images are then drawn with replacement.
        batch_size: images per batch.
        seed: non-negative integer.
        epoch_length: draws in an epoch: None for N, or "oversampled", or a number, as in `ClassSampler`. Batches of
            draws with replacement are always full.
        shuffle_images: number of images among which the stream is shuffled; 0 keeps its order.
        cache_images: most images that are kept in memory.
        drop_remainder: leave out a last batch that is not full.
        **strategy_parameters: see `class_probabilities`.

    Attributes:
        steps_per_epoch: batches in an epoch.
        replaces: whether images are drawn with replacement.
        cached: classes in memory.

    Raises:
        ValueError: the strategy does not work with a stream, or an argument is wrong.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        strategy: str = "instance_balanced",
        batch_size: int = 128,
        seed: int = 0,
        *,
        epoch_length: int | str | None = None,
        shuffle_images: int = 1024,
        cache_images: int = 1024,
        drop_remainder: bool = False,
        **strategy_parameters: Any,
    ) -> None:
        if strategy in _NOT_STREAMED:
            refuse("strategy", f"one that works with a stream: {_NOT_STREAMED[strategy]}", strategy)
        check_parameters(strategy, strategy_parameters)
        self.counts = ClassCounts(class_counts).array
        self.strategy, self.seed = strategy, integer("seed", seed, 0)
        self.batch_size = integer("batch_size", batch_size, 1)
        self.shuffle_images = integer("shuffle_images", shuffle_images, 0)
        self.replaces = strategy != "instance_balanced"
        self.probabilities = class_probabilities(self.counts, strategy, **strategy_parameters)
        self.cached = np.zeros(0, np.int64)
        if self.replaces:
            self.cached = cached_classes(
                self.counts, self.probabilities, integer("cache_images", cache_images, 0)
            )
        length = int(self.counts.sum())
        if self.replaces and epoch_length == "oversampled":
            length = len(self.counts) * int(self.counts.max())
        elif epoch_length is not None:
            if not self.replaces:
                refuse("epoch_length", "None for a stream that is read once per epoch", epoch_length)
            length = integer("epoch_length", epoch_length, 1)
        self.drop_remainder = drop_remainder and not self.replaces
        self.steps_per_epoch = (
            length // self.batch_size if self.drop_remainder else -(-length // self.batch_size)
        )
        if not self.steps_per_epoch:
            refuse("batch_size", f"at most the {length} images of an epoch", batch_size)

    def keep(
        self, batches: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """Read the stream once; return the images found of each class, and those of each cached class.

        Raises:
            ValueError: a cached class has more images than its count says, or a class has none.
        """
        found = np.zeros(len(self.counts), np.int64)
        kept: dict[int, list[np.ndarray]] = {label: [] for label in self.cached.tolist()}
        for images, labels in batches:
            found += np.bincount(labels, minlength=len(found))
            for position in np.flatnonzero(np.isin(labels, self.cached)).tolist():
                own = kept[int(labels[position])]
                own.append(images[position])
                if len(own) > self.counts[labels[position]]:
                    raise ValueError(
                        "`class_counts` must be the numbers of images in the stream; leave it out to count them. "
                        f"Received: {self.counts[labels[position]]} of class {labels[position]}, which has more"
                    )
        if not found.all():
            refuse(
                "class_counts", "counts of classes that the stream has", self.counts.tolist(),
                f" No image is of class {int(np.argmin(found))}.",
            )  # fmt: skip
        return found, {label: np.stack(own) for label, own in kept.items()}

    def in_order(self, pairs: Any, first_epoch: int) -> Any:
        """Return batches of a stream that is read once per epoch, as a `tf.data.Dataset` without end.

        Its elements are (whether the first pass is over, images, labels).
        """
        import tensorflow as tf

        def epoch(number):
            # Of this function's graph alone. With a global seed of 0, TensorFlow would ask whether `number` is 0.
            tf.random.set_seed(_GRAPH_SEED)
            own = pairs
            if self.shuffle_images > 1:
                own = pairs.shuffle(self.shuffle_images, seed=number + _stream(self.seed, 0))
            batches = own.batch(self.batch_size, drop_remainder=self.drop_remainder)
            return batches.map(lambda images, labels: (number > first_epoch, images, labels))

        return tf.data.Dataset.counter(first_epoch).flat_map(epoch)

    def drawn(self, pairs: Any, found: np.ndarray, kept: dict[int, np.ndarray], first_epoch: int) -> Any:
        """Return batches of images drawn with replacement, without end, as a `tf.data.Dataset`.

        A draw is from the classes in memory with the sum of their probabilities, else from the stream. There, an image
        of class c is accepted with the probability `(p_c / n_c) / max_k (p_k / n_k)` over the streamed classes k.

        Args:
            pairs: the stream, single images and labels.
            found, kept: what `keep` returned.
            first_epoch: epoch to begin with; it is a part of the seed.
        """
        import tensorflow as tf

        streamed = np.setdiff1d(np.arange(len(self.counts)), self.cached)
        share = float(self.probabilities[streamed].sum())
        parts, weights = [], []
        if streamed.size:
            parts.append(self._accepted(pairs, found, streamed, first_epoch))
            weights.append(share)
        if self.cached.size:
            parts.append(self._from_memory(kept, first_epoch))
            weights.append(1.0 - share)
        mixed = parts[0]
        if len(parts) > 1:
            seed = _stream(self.seed, 3, first_epoch)
            mixed = tf.data.Dataset.sample_from_datasets(
                parts, weights, seed=seed, stop_on_empty_dataset=True
            )
        return mixed.batch(self.batch_size, drop_remainder=True)

    def _accepted(self, pairs, found, streamed, first_epoch):
        import tensorflow as tf

        rates = np.zeros(len(self.counts))
        rates[streamed] = self.probabilities[streamed] / found[streamed]
        accept = tf.constant(rates / rates.max(), tf.float64)
        key = _stream(self.seed, 1, first_epoch)

        def once_more(number):
            if self.shuffle_images < 2:
                return pairs
            tf.random.set_seed(_GRAPH_SEED)  # As in `in_order`.
            return pairs.shuffle(self.shuffle_images, seed=number + _stream(self.seed, 0, first_epoch))

        def accepted(number: Any, pair: Any) -> Any:
            random = tf.random.stateless_uniform(
                (), tf.stack([tf.constant(key, tf.int64), number]), dtype=tf.float64
            )
            return random < tf.gather(accept, pair[1])

        read = tf.data.Dataset.counter().flat_map(once_more)
        numbered: Any = read.enumerate()
        return numbered.filter(accepted).map(lambda number, pair: pair)

    def _from_memory(self, kept, first_epoch):
        import tensorflow as tf

        own = self.probabilities[self.cached]
        sizes = np.array([len(kept[label]) for label in self.cached.tolist()])
        with tf.device("CPU"):
            images = tf.constant(np.concatenate([kept[label] for label in self.cached.tolist()]))
            starts, counts = tf.constant(np.cumsum(sizes) - sizes), tf.constant(sizes)
            labels, ends = tf.constant(self.cached), tf.constant(np.cumsum(own / own.sum())[:-1])
        key = _stream(self.seed, 2, first_epoch)

        def draw(number):
            random = tf.random.stateless_uniform(
                (2,), tf.stack([tf.constant(key, tf.int64), number]), dtype=tf.float64
            )
            at = tf.searchsorted(ends, random[:1], side="right")[0]
            rank = tf.cast(random[1] * tf.cast(counts[at], tf.float64), tf.int64)
            return tf.gather(images, starts[at] + rank), labels[at]

        return tf.data.Dataset.counter().map(draw)


def _stream(*numbers: int) -> int:
    """Return a seed of at most 31 bits for independent random numbers."""
    return int(np.random.SeedSequence([int(number) for number in numbers]).generate_state(1)[0]) >> 1
