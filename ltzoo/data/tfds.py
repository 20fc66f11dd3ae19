"""Datasets of the TensorFlow Datasets catalog, read by position without TensorFlow's pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ltzoo import checks
from ltzoo.contracts.labels import check_labels
from ltzoo.data import arguments
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import EncodedSplit, decode_image
from ltzoo.data.splits import ArraySplit, Split, with_groups_of

_WRONG_FORMAT = (
    "`data_dir` holds this dataset in a format that cannot be read by position; pass another folder, "
    "where it will be prepared as array_record. Received: data_dir={!r}"
)


def from_tfds(
    name: str,
    *,
    train_split: str = "train",
    val_split: str | None = None,
    test_split: str | None = "test",
    image_key: str = "image",
    label_key: str = "label",
    image_size: tuple[int, int] | None = None,
    channels: int = 3,
    data_dir: str | Path | None = None,
    download: bool = True,
) -> LongTailedDataset:
    """Make a dataset from TensorFlow Datasets (`pip install "ltzoo[tfds]"`).

    The dataset is downloaded and prepared on first use, in the array_record format, which allows reading by
    position. Every record is read once for its label.

    Args:
        name: name in the catalog, such as `"i_naturalist2018"` or `"cifar10:3.0.2"`.
        train_split, val_split, test_split: names of splits or slices such as `"train[:90%]"`; None for no
            validation or test split.
        image_key, label_key: names of the features.
        image_size: `(height, width)`. Images are decoded when they are read; the shorter side is resized and
            the center cropped. None decodes all images now, at their original size, and keeps them in
            memory; they must then all have the same size.
        channels: 3 (RGB) or 1 (gray).
        data_dir: folder of prepared datasets; by default the folder that TensorFlow Datasets uses.
        download: whether to download and prepare a missing dataset.

    Returns:
        A `LongTailedDataset`; class names come from the catalog.

    Raises:
        ImportError: `tensorflow_datasets` is not installed.
        FileNotFoundError: the dataset is not prepared and `download` is False.
        TypeError: an argument is of a wrong type.
        ValueError: an argument is invalid, the dataset, a split or a feature is unknown, the dataset was prepared in
            another format, or the images differ in size and `image_size` is None.
    """
    name, download = arguments.text(name, "name"), checks.flag("download", download)
    image_key, label_key = arguments.text(image_key, "image_key"), arguments.text(label_key, "label_key")
    named = {"train": arguments.text(train_split, "train_split")}
    named |= {
        role: arguments.text(split, f"{role}_split")
        for role, split in (("val", val_split), ("test", test_split))
        if split is not None
    }
    size = None if image_size is None else arguments.image_size(image_size)
    channels = arguments.channels(channels)
    if data_dir is not None:
        arguments.folder_path(data_dir, "data_dir")
    builder = open_builder(name, data_dir, download)
    for key in (image_key, label_key):
        if key not in builder.info.features:
            raise ValueError(
                f"{name!r} has the features {', '.join(builder.info.features)}. Received: feature {key!r}"
            )
    splits: dict[str, Split] = {}
    for role, split in named.items():
        records, labels, _ = read_records(builder, split, image_key, label_key)
        lazy = RecordSplit(f"{name}/{split}", records, labels, image_key, size or (1, 1), channels)
        splits[role] = decode_all(lazy) if size is None else lazy
    return LongTailedDataset(
        name, splits["train"], splits.get("val"), splits.get("test"), class_names(builder, label_key)
    )


class RecordSplit(EncodedSplit):
    """Encoded images in records, decoded when they are read.

    Args:
        title: name for error messages.
        records: sequence of dicts that is read by position; `records[i][image_key]` holds the encoded bytes.
        labels: class indices `[N]`.
        image_key: name of the image in a record.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        positions: positions in `records` of the `N` images; None means all.
    """

    def __init__(
        self,
        title: str,
        records: Any,
        labels: Sequence[int] | np.ndarray,
        image_key: str,
        image_size: tuple[int, int],
        channels: int = 3,
        positions: Sequence[int] | np.ndarray | None = None,
    ):
        super().__init__(labels, image_size, channels)
        self.title, self.records, self.image_key = title, records, image_key
        self.positions = np.arange(len(records)) if positions is None else np.asarray(positions, np.int64)
        if len(self.positions) != len(self.labels):
            raise ValueError(
                "`records` and `labels` must have the same length. "
                f"Received: {len(self.positions)} records, {len(self.labels)} labels"
            )

    def open(self, position: int) -> Image.Image:
        """Decode the image of a record, at its original size."""
        return self._decode(position, None)

    def decode(self, position: int) -> Image.Image:
        """Decode the image of a record, a large JPEG image at reduced size."""
        return self._decode(position, self.fitted)

    def _decode(self, position, fitted):
        encoded = self.records[int(self.positions[position])][self.image_key]
        return decode_image(bytes(encoded), self.channels, self.describe(position), fitted)

    def describe(self, position: int) -> str:
        """Return the title and the number of the record."""
        return f"{self.title} record {int(self.positions[position])}"

    def subset(self, positions: Sequence[int] | np.ndarray) -> RecordSplit:
        """Return a split of the records at `positions`, in that order."""
        chosen = np.asarray(positions, dtype=np.int64)
        part = RecordSplit(
            self.title,
            self.records,
            self.labels[chosen],
            self.image_key,
            self.image_size,
            self.channels,
            self.positions[chosen],
        )
        return with_groups_of(self, chosen, part)


def open_builder(name: str, data_dir: str | Path | None, download: bool) -> Any:
    """Return the builder of a prepared dataset of the catalog.

    Args:
        name: name in the catalog.
        data_dir: folder of prepared datasets, or None for the default.
        download: whether to download and prepare a missing dataset.

    Raises:
        ImportError: `tensorflow_datasets` is not installed.
        FileNotFoundError: the dataset is not prepared and `download` is False.
        ValueError: the name is unknown, or the dataset was prepared in another format.
    """
    try:
        import tensorflow_datasets as tfds  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            'from_tfds needs TensorFlow Datasets: pip install "ltzoo[tfds]". '
            f"Received: name={name!r} and no tensorflow_datasets"
        ) from error
    try:
        builder = tfds.builder(
            name, data_dir=None if data_dir is None else str(data_dir), file_format="array_record"
        )
    except ValueError as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "file format" in first_line.lower():
            raise ValueError(_WRONG_FORMAT.format(data_dir)) from error
        raise ValueError(
            f"`name` must be a dataset of the TensorFlow Datasets catalog: {first_line} Received: name={name!r}"
        ) from error
    if download:
        builder.download_and_prepare()
    elif not builder.info.splits:
        raise FileNotFoundError(
            f"{name!r} is not prepared in `data_dir`; pass download=True. Received: data_dir={data_dir!r}"
        )
    return builder


def read_records(
    builder: Any, split: str, image_key: str, label_key: str, order_by: str | None = None
) -> tuple[Any, np.ndarray, list[Any] | None]:
    """Open a split and read its labels.

    Args:
        builder: builder of a prepared dataset.
        split: name of a split or slice.
        image_key, label_key: names of the features.
        order_by: name of another feature to read, or None.

    Returns:
        `(records, labels, values)`: images in `records` stay encoded, `labels` is int64 `[N]`, and `values`
        lists the feature `order_by`, or is None.

    Raises:
        ValueError: the split is unknown, a label is not a class index of at least 0, or the dataset was prepared in
            another format.
    """
    import tensorflow_datasets as tfds  # pyright: ignore[reportMissingImports]

    try:
        records = builder.as_data_source(split=split, decoders={image_key: tfds.decode.SkipDecoding()})
    except NotImplementedError as error:
        raise ValueError(_WRONG_FORMAT.format(getattr(builder, "data_path", None))) from error
    except ValueError as error:
        raise ValueError(f"{error} Received: split={split!r}") from error
    labels, order = [], []
    for position in range(len(records)):
        record = records[position]
        label = np.asarray(record[label_key])
        if label.ndim or not np.issubdtype(label.dtype, np.integer):
            raise ValueError(
                "`label_key` must name a feature with one integer per image. "
                f"Received: label_key={label_key!r}, which is {str(record[label_key])[:80]!r} in record {position}"
            )
        labels.append(label)
        if order_by is not None:
            order.append(record[order_by])
    labels = check_labels(labels, argument=f"{split}.{label_key}")
    return records, labels, order if order_by is not None else None


def decode_all(split: EncodedSplit) -> ArraySplit:
    """Decode every image into memory at its original size.

    Raises:
        ValueError: the sizes differ.
    """
    images = None
    for position in range(len(split)):
        pixels = np.asarray(split.open(position), dtype=np.uint8)
        if images is None:
            images = np.empty_like(pixels, shape=(len(split), *pixels.shape))
        if pixels.shape != images.shape[1:]:
            raise ValueError(
                "`image_size` must be given when images differ in size. Received: image_size=None, and "
                f"{split.describe(position)} of {pixels.shape[0]} x {pixels.shape[1]} after "
                f"{images.shape[1]} x {images.shape[2]}"
            )
        images[position] = pixels
    if images is None:
        images = np.empty((0, *split.image_shape), np.uint8)
    return ArraySplit(images, split.labels)


def class_names(builder: Any, label_key: str) -> list[str] | None:
    """Return the class names of the label feature, or None if the catalog has none."""
    names = getattr(builder.info.features[label_key], "names", None)
    return None if names is None else list(names)
