"""A dataset from pipelines of `tf.data`, whose images are never all in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ltzoo import checks
from ltzoo.caller_warnings import warn_caller
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import count_classes
from ltzoo.data import arguments
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.streams import StreamSplit

_MOST = 100_000_000
# Names for a stream whose classes are still to be counted.
_MOST_CLASSES = 100_000


class StreamedDataset(LongTailedDataset):
    """A dataset whose splits are streams; see `from_tf_data`.

    Attributes:
        train, val, test: `StreamSplit`s; `val` and `test` may be None.
        shuffle_images, cache_images: see `from_tf_data`.
    """

    train: StreamSplit  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(
        self,
        name: str,
        splits: dict[str, StreamSplit],
        class_names: Sequence[str],
        class_counts: ClassCounts,
        shuffle_images: int,
        cache_images: int,
    ):
        self.name = name
        self.train, self.val, self.test = splits["train"], splits.get("val"), splits.get("test")
        self.class_names = tuple(class_names)
        self.class_counts = class_counts.array.astype(np.int64)
        self.shuffle_images, self.cache_images = shuffle_images, cache_images
        self._check_number_of_classes()

    def __repr__(self) -> str:
        others = ", ".join(name for name in self.splits() if name != "train")
        return (
            f"<StreamedDataset {self.name!r}: train {int(self.class_counts.sum())} images of {self.image_shape}"
            f"{f' ({others} streamed too)' if others else ''}; {self.num_classes} classes, "
            f"imbalance factor {ClassCounts(self.class_counts).imbalance_factor:.4g}>"
        )


def from_tf_data(
    train: Any,
    class_counts: Sequence[int] | np.ndarray | None = None,
    *,
    val: Any = None,
    test: Any = None,
    class_names: Sequence[str] | None = None,
    shuffle_images: int = 1024,
    cache_images: int = 1024,
    name: str = "stream",
) -> StreamedDataset:
    """Make a dataset from pipelines such as those of `keras.utils.image_dataset_from_directory`.

    `fit(dataset)` reads the pipeline in each epoch and never holds all images. Sampling is done by `tf.data`:

    - "instance_balanced" reads it once per epoch, shuffled among `shuffle_images` images.
    - Strategies with other class probabilities p_c draw with replacement, with exactly these probabilities. The images
      of the classes that would be drawn most often per image, which are the rare ones, are kept in memory, as many
      whole classes as `cache_images` allow. The others are drawn by rejection: one is accepted with a probability
      proportional to p_c / n_c. So one drawn image costs `max_c p_c N / n_c` images read, over the classes c that are
      not in memory, with n_c of the N images in class c. `ltzoo.sampling.reads_per_image` computes it. Such a stage
      reads the pipeline once before it begins.

    Pipelines may have any order in each pass; one that is sorted by class needs `shuffle_images` of about all images.
    For exact repetition they must give the same images in the same order in each pass (`shuffle=False`, or
    `reshuffle_each_iteration=False`). Training resumes between epochs; the rest of a stage that draws with replacement
    then has other draws than without the interruption.

    What needs images by position cannot use a stream and is refused before the training: stages with cached features
    such as those of `transfer`, heads and techniques that choose training images, several hosts, `on_device`, the
    strategies "progressive" and "class_aware", and several views of an image per batch. Checkpoints are saved between
    epochs and not within.

    Args:
        train: a `tf.data.Dataset` of (image, label), batched or not, that ends. Images have a known shape `[height,
            width, 1 or 3]` and pixels 0..255; floats are rounded to whole numbers. Labels are class indices, one-hot
            rows, or names.
        class_counts: training images per class `[C]`. None counts them, which reads the pipeline once. Counts that
            differ from the labels of the first epoch are reported in a warning.
        val, test: datasets of the same kind, or None. Measuring reads them once.
        class_names: names in label order; by default those of `train.class_names`, or the numbers of the classes.
        shuffle_images: number of images among which `train` is shuffled; 0 keeps its order.
        cache_images: most images of rare classes that are kept in memory; 0 for none.
        name: name of the dataset.

    Returns:
        A `StreamedDataset`, which is a `LongTailedDataset`. It needs TensorFlow, and works on every backend.

    Raises:
        ImportError: TensorFlow is missing.
        TypeError: a split is no `tf.data.Dataset`, or an argument is of a wrong type.
        ValueError: a dataset has no end or other elements, counts and names do not match, the shapes of the images
            differ, or a batch holds wrong pixels or labels.

    Warns:
        UserWarning: the first images of `train` are all of one class.
    """
    name = arguments.text(name, "name")
    shuffle_images = checks.integer("shuffle_images", shuffle_images, 0, _MOST)
    cache_images = checks.integer("cache_images", cache_images, 0, _MOST)
    class_names = getattr(train, "class_names", None) if class_names is None else class_names
    given = None if class_names is None else arguments.class_names(class_names)
    counts = None if class_counts is None else ClassCounts(class_counts)
    if counts is None:
        counts = _counted(train, given)
    names = [str(label) for label in range(len(counts))] if given is None else given
    if len(names) != len(counts):
        raise ValueError(
            "`class_names` must have one name per entry of `class_counts`. "
            f"Received: {len(names)} names, {len(counts)} counts"
        )
    sources = {"train": train, "val": val, "test": test}
    splits = {
        part: StreamSplit(source, names, part) for part, source in sources.items() if source is not None
    }
    for part, split in splits.items():
        if split.image_shape != splits["train"].image_shape:
            raise ValueError(
                f"`{part}` must have images of the shape of `train`, {splits['train'].image_shape}. "
                f"Received: {split.image_shape}"
            )
    _say_sorted(splits["train"], names, shuffle_images, int(counts.array.sum()))
    return StreamedDataset(name, splits, names, counts, shuffle_images, cache_images)


def _counted(train: Any, names: Sequence[str] | None) -> ClassCounts:
    """Return the images of each class, after reading the pipeline once."""
    known = [str(label) for label in range(_MOST_CLASSES)] if names is None else names
    labels = [labels for _, labels in StreamSplit(train, known, "train").batches(256)]
    if not labels:
        raise ValueError("`train` must hold at least one image. Received: an empty stream")
    found = np.concatenate(labels)
    size = count_classes(found, "labels of train") if names is None else len(names)
    counts = np.bincount(found, minlength=size)
    if not counts.all():
        without = [known[label] for label in np.flatnonzero(counts == 0)[:5]]
        raise ValueError(
            f"`train` must hold images of every class. Received: none of {', '.join(map(repr, without))}"
        )
    return ClassCounts(counts)


def _say_sorted(train: StreamSplit, names: Sequence[str], shuffle_images: int, total: int) -> None:
    first = train.sample(shuffled_among=shuffle_images).labels
    if len(names) > 1 and 1 < len(first) < total and (first == first[0]).all():
        warn_caller(
            f"the first images of `train` are all of class {names[first[0]]!r}, so it seems to be sorted by class and "
            "batches will hold few classes: shuffle its files, or give a larger `shuffle_images`. "
            f"Received: shuffle_images={shuffle_images}"
        )
