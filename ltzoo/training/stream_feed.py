"""Training batches of a stream of `tf.data`, and what cannot be trained on one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ltzoo.caller_warnings import Caller, caller
from ltzoo.data.splits import ArraySplit
from ltzoo.phases import phase
from ltzoo.pipeline_errors import remembering
from ltzoo.recipes.recipe import Recipe
from ltzoo.sampling.keyed_random import TRANSFORM, generator
from ltzoo.sampling.streams import StreamSampler

_INSTEAD = "load the images with ltzoo.data.from_directory, from_table or from_arrays"
_READ = 256


def is_streamed(dataset: Any) -> bool:
    """Return whether the training images of a dataset are a stream."""
    return bool(getattr(dataset.train, "streamed", False))


def check_stream(model: Any, recipe: Recipe, on_device: bool, shard_count: int) -> None:
    """Refuse what needs training images by position, before anything is trained.

    Raises:
        ValueError: a stage, a head, a technique or an argument does. The message says what to use instead.
    """
    name = f"the recipe {recipe.name!r}"
    for argument, needed, value in (
        ("on_device", on_device, True),
        ("shard_count", shard_count > 1, shard_count),
    ):
        if needed:
            raise ValueError(
                f"`{argument}` does not work with a stream of tf.data; leave it out, or {_INSTEAD}. "
                f"Received: {argument}={value}"
            )
    for number, stage in enumerate(recipe.stages, start=1):
        if not stage.epochs:
            continue
        if stage.cache_features:
            _refuse(f"stage {number} computes the features of all images once", name)
        if stage.sampler.get("views", 1) != 1 or stage.sampler.get("companion") is not None:
            _refuse(f"stage {number} takes images in groups", name)
        stream_sampler(model, stage, 0)
    for part in (*model.heads, *filter(None, model.techniques)):
        choose = getattr(type(part), "make_sampler", None)
        own = choose is not None and choose.__qualname__ != "Technique.make_sampler"
        if own or getattr(part, "reads_by_position", False):
            _refuse(f"{type(part).__name__} reads training images by position", name)


def _refuse(reason: str, what: str) -> None:
    raise ValueError(
        f"`dataset` must give images by position, since {reason}; {_INSTEAD}, or choose another recipe, such as "
        f"'cross_entropy_drw' or 'logit_adjustment'. Received: a stream of tf.data, and {what}"
    )


def stream_sampler(
    model: Any, stage: Any, seed: int, dataset: Any = None, drop_remainder: bool = False
) -> StreamSampler:
    """Return the sampler of a stage.

    Raises:
        ValueError: its strategy does not work with a stream.
    """
    memory = {} if dataset is None else {
        "shuffle_images": dataset.shuffle_images, "cache_images": dataset.cache_images
    }  # fmt: skip
    return StreamSampler(
        model.class_counts,
        batch_size=stage.batch_size,
        seed=seed,
        drop_remainder=drop_remainder,
        **memory,
        **{"strategy": "instance_balanced", **stage.sampler},
    )


class StreamFeed:
    """Batches of a stage; call it as `training_feed`.

    Args:
        split: the stream of training images.
        sampler: draws its images.
        transform: changes batches on the host, or None.
        class_names: names of the classes, for warnings.
        workers: number of batches that are transformed at a time.
        counted: whether the labels were compared with the counts in an earlier stage.
    """

    def __init__(
        self,
        split: Any,
        sampler: StreamSampler,
        transform: Callable[..., tuple[np.ndarray, np.ndarray]] | None,
        class_names: tuple[str, ...],
        workers: int,
        counted: bool,
    ) -> None:
        self.split, self.sampler, self.transform = split, sampler, transform
        self.class_names, self.workers, self.counted = class_names, workers, counted

    def __call__(self, *, first_epoch: int = 0, num_epochs: int = 1) -> dict[str, Any]:
        """Return arguments of Keras's `fit` for `num_epochs` epochs, starting at `first_epoch`."""
        import tensorflow as tf

        sampler, line = self.sampler, caller()
        if sampler.replaces:
            with phase("reading the stream for its rare classes"):
                found, kept = sampler.keep(self.split.batches(_READ))
            self._compare(found, line)
            batches = sampler.drawn(self.split.pairs, found, kept, first_epoch)
        else:
            batches = sampler.in_order(self.split.pairs, first_epoch)
            if self.counted:
                batches = batches.map(lambda again, images, labels: (images, labels))
            else:
                batches = self._counting(batches, line)
        if self.transform is not None:
            batches = self._transformed(batches, first_epoch)
        options = tf.data.Options()
        options.autotune.enabled = False  # See `ltzoo.sampling.tf_pipeline`.
        batches = batches.take(num_epochs * sampler.steps_per_epoch).prefetch(2).with_options(options)
        return {"x": batches, "steps_per_epoch": sampler.steps_per_epoch, "shuffle": False}

    def _counting(self, batches, line: Caller):
        """Count the labels of the first pass over the stream while its batches go by, each iterator for itself."""
        import tensorflow as tf

        classes, last = len(self.sampler.counts), self.sampler.steps_per_epoch - 1

        def count(found, numbered):
            number, (again, images, labels) = numbered
            own = tf.math.bincount(
                tf.cast(labels, tf.int32), minlength=classes, maxlength=classes, dtype=tf.int64
            )
            found += tf.where(again | (number > last), tf.zeros_like(own), own)
            return found, (number == last, again, found, images, labels)

        def report(at_end, again, found, labels):
            if at_end or again:
                self._compare(found, line)
            return labels

        def passed(at_end, again, found, images, labels):
            same = tf.numpy_function(remembering(report), [at_end, again, found, labels], tf.int64)
            return images, tf.ensure_shape(same, (None,))

        return batches.enumerate().scan(tf.zeros(classes, tf.int64), count).map(passed)

    def _compare(self, found: np.ndarray, line: Caller) -> None:
        given = self.sampler.counts
        wrong = np.flatnonzero(found != given)
        known, self.counted = self.counted, True
        if wrong.size and not known:
            shown = ", ".join(
                f"{self.class_names[c]!r} {given[c]} (found {found[c]})" for c in wrong[:5].tolist()
            )
            line.warn(
                f"`class_counts` differs from the labels of the first epoch for {wrong.size} of {len(given)} classes, "
                "so that losses and sampling are not those of the data: give the right counts, or none to have them "
                f"counted. Received: {shown}" + (", ..." if wrong.size > 5 else "")
            )

    def _transformed(self, batches, first_epoch: int):
        import tensorflow as tf

        sampler, transform = self.sampler, self.transform
        assert transform is not None

        def change(number, images, labels):
            epoch, step = divmod(int(number), sampler.steps_per_epoch)
            rng = generator(sampler.seed, TRANSFORM, first_epoch + epoch, step, 0)
            reader = getattr(transform, "reader", None)
            if reader is not None:
                images = ArraySplit(images, labels).load(
                    np.arange(len(labels)), read=reader(len(labels), rng)
                )
            return transform(images, labels, rng)

        first = self.split.sample()
        size = min(2, len(first))
        images, labels = change(0, first.images[:size], first.labels[:size])

        def tensors(number, pair):
            made = tf.numpy_function(
                remembering(change), [number, *pair], (images.dtype, labels.dtype), stateful=False
            )
            made[0].set_shape((None, *images.shape[1:]))
            made[1].set_shape((None, *labels.shape[1:]))
            return tuple(made)

        return batches.enumerate().map(tensors, num_parallel_calls=max(self.workers, 1), deterministic=True)
