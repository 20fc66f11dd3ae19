"""Images that come as a stream of `tf.data`: read in order, checked batch by batch, never by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ltzoo.contracts.image_arrays import check_images
from ltzoo.contracts.labels import check_labels
from ltzoo.data.splits import ArraySplit, Split
from ltzoo.pipeline_errors import original_errors, remembering

_CHUNK = 32
_LOOKED_AT = 256
_WAY_OUT = "load images of known positions with ltzoo.data.from_directory, from_table or from_arrays"


class StreamSplit(Split):
    """The images of a `tf.data.Dataset`, which are read in its order.

    Args:
        source: a dataset that ends, of pairs (image, label) or of batches of them. Images have a known shape `[height,
            width, channels]` and are numbers 0..255; floats are rounded. Labels are class indices, one-hot rows or
            names.
        class_names: names of the classes in label order.
        argument: name of the argument for error messages.

    Attributes:
        pairs: a `tf.data.Dataset` of single images, uint8 `[height, width, channels]`, and labels, int64.
        streamed: True.

    Raises:
        TypeError: `source` is no `tf.data.Dataset`.
        ValueError: it has no end, or its elements are no such pairs.
    """

    streamed = True

    def __init__(self, source: Any, class_names: Sequence[str], argument: str):
        self.argument = argument
        self.image_shape, batched = _checked(source, argument)
        self.class_names = tuple(class_names)
        self._count: int | None = None
        self.pairs = _pairs(source if batched else source.batch(_CHUNK), self._contract, self.image_shape)

    def _contract(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch as uint8 and int64."""
        return (
            _pixels(images, self.argument, self.image_shape),
            _class_indices(labels, self.class_names or (), self.argument),
        )

    @property
    def labels(self) -> NoReturn:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A stream has no list of labels."""
        self._refuse("labels of all images at once")

    def __len__(self) -> int:
        """Return the number of images; the first call reads the whole stream."""
        if self._count is None:
            self._count = sum(len(labels) for _, labels in self.batches(_LOOKED_AT))
        return self._count

    def batches(self, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the stream once; yield images uint8 `[n, height, width, channels]` and labels int64 `[n]`."""
        with original_errors():
            yield from self.pairs.batch(batch_size).prefetch(2).as_numpy_iterator()

    def sample(self, count: int = 256, shuffled_among: int = 1024) -> ArraySplit:
        """Return some of the first images.

        Args:
            count: number of images, if there are so many.
            shuffled_among: number of first images that they are drawn from.
        """
        first = self.pairs
        if shuffled_among > 1:
            first = first.shuffle(shuffled_among, seed=0)
        with original_errors():
            found = list(first.take(count).as_numpy_iterator())
        if not found:
            raise ValueError(f"`{self.argument}` must hold at least one image. Received: an empty stream")
        images, labels = zip(*found, strict=True)
        return ArraySplit(np.stack(images), np.asarray(labels))

    def load(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Refuse: a stream has no positions."""
        self._refuse("images by position")

    def subset(self, positions: Sequence[int] | np.ndarray) -> Split:
        """Refuse: a stream has no positions."""
        self._refuse("images by position")

    def in_memory(self) -> ArraySplit:
        """Read every image once and return an `ArraySplit`."""
        images, labels = zip(*self.batches(_LOOKED_AT), strict=True)
        return ArraySplit(np.concatenate(images), np.concatenate(labels))

    def _refuse(self, what: str) -> NoReturn:
        raise ValueError(
            f"a stream of tf.data does not give {what}; {_WAY_OUT}. Received: the stream `{self.argument}`"
        )

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        return f"<StreamSplit: images of {height} x {width} x {channels}>"


def sample_of(split: Any, count: int = 256) -> Any:
    """Return a split whose images can be read by position: of a stream, so many of its first images."""
    return split.sample(count) if getattr(split, "streamed", False) else split


def _checked(source: Any, argument: str) -> tuple[tuple[int, int, int], bool]:
    """Return the shape of the images, and whether they come in batches."""
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            f"streams need TensorFlow, on every backend: pip install tensorflow ({error})"
        ) from error
    if not isinstance(source, tf.data.Dataset):
        raise TypeError(
            f"`{argument}` must be a tf.data.Dataset of (images, labels). Received: {type(source).__name__}"
        )
    spec: Any = source.element_spec
    if not (
        isinstance(spec, tuple) and len(spec) == 2 and all(isinstance(part, tf.TensorSpec) for part in spec)
    ):
        raise ValueError(
            f"`{argument}` must be a dataset of pairs (images, labels) of dense tensors; select them with "
            f"dataset.map(...). Received: elements {spec}"
        )
    if int(source.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            f"`{argument}` must end, since an epoch reads it once; leave out .repeat(). Received: a dataset without end"
        )
    images, labels = spec
    shape = images.shape.as_list() if images.shape.rank in (3, 4) else []
    sides = shape[-3:]
    if not sides or None in sides or sides[2] not in (1, 3):
        raise ValueError(
            f"`{argument}` must have images of one known shape, [height, width, 1 or 3]; resize them, or tell the "
            f"shape with dataset.map(lambda x, y: (tf.ensure_shape(x, shape), y)). "
            f"Received: images of shape {images.shape}"
        )
    if not (images.dtype.is_integer or images.dtype.is_floating):
        raise ValueError(
            f"`{argument}` must have images of numbers 0..255. Received: images of type {images.dtype.name}"
        )
    batched = len(shape) == 4
    if labels.shape.rank is not None and labels.shape.rank not in ((1, 2) if batched else (0, 1)):
        raise ValueError(
            f"`{argument}` must have one class index or one-hot row per image. Received: labels of shape {labels.shape}"
        )
    return (int(sides[0]), int(sides[1]), int(sides[2])), batched


def _pairs(batches: Any, contract: Any, image_shape: tuple[int, int, int]) -> Any:
    import tensorflow as tf

    def checked(images, labels):
        made = tf.numpy_function(
            remembering(contract), [images, labels], (tf.uint8, tf.int64), stateful=False
        )
        return tf.ensure_shape(made[0], (None, *image_shape)), tf.ensure_shape(made[1], (None,))

    options = tf.data.Options()
    options.autotune.enabled = False  # See `ltzoo.sampling.tf_pipeline`.
    return batches.map(checked).unbatch().with_options(options)


def _pixels(images: np.ndarray, argument: str, image_shape: tuple[int, int, int]) -> np.ndarray:
    if not len(images):
        return np.zeros((0, *image_shape), np.uint8)
    images = images.astype(np.float32) if images.dtype.name == "bfloat16" else images
    check_images(images, argument, image_shape=image_shape, floats=True)
    if images.dtype.kind != "f":
        return images.astype(np.uint8, copy=False)
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 255 or (0 < high <= 1 and low >= 0):
        raise ValueError(
            f"`{argument}` must be raw pixels 0..255, as the model normalizes them itself; leave out rescaling, or "
            f"multiply by 255. Received: a batch of values from {low:.4g} to {high:.4g}"
        )
    return np.round(images).astype(np.uint8)


def _class_indices(labels: np.ndarray, names: Sequence[str], argument: str) -> np.ndarray:
    if not len(labels):
        return np.zeros(0, np.int64)
    if labels.dtype.kind in "SO":
        labels = np.array(
            [str(name, "utf-8") if isinstance(name, bytes) else name for name in labels.ravel()]
        )
    found = check_labels(
        labels, len(names), f"labels of {argument}", class_names=names, soft=True, whole_floats=True
    )
    if found.ndim == 1:
        return found
    if not (found.max(axis=1) == 1).all():
        raise ValueError(
            f"labels of `{argument}` must be class indices or one-hot rows; mix images after the sampling, with the "
            f"recipe's `mixup_alpha`. Received: the row {found[np.argmin(found.max(axis=1))].tolist()[:10]}"
        )
    return found.argmax(axis=1).astype(np.int64)
