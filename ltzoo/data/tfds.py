"""Datasets of the TensorFlow Datasets catalog, read by position without TensorFlow's pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import EncodedSplit, decode_image
from ltzoo.data.splits import ArraySplit, Split

_WRONG_FORMAT = (
    "`data_dir` holds this set in a format that cannot be read by position; prepare it in another folder, "
    "where it is written as array_record. Received: data_dir={!r}"
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
    """Makes a dataset from TensorFlow Datasets (`pip install "ltzoo[tfds]"`).

    The set is downloaded and prepared on first use, in the array_record format, which allows reading by
    position. Reading the labels goes through every record once.

    Args:
        name: name in the catalog, such as `"i_naturalist2018"` or `"cifar10:3.0.2"`.
        train_split, val_split, test_split: names of its splits, slices such as `"train[:90%]"` included;
            None for no validation or test split.
        image_key, label_key: names of the features.
        image_size: `(height, width)`: images are decoded when they are read, their shorter side is resized
            and the center cut out. None decodes all images now and keeps them in memory as they are; they
            must then have one size.
        channels: 3 (RGB) or 1 (gray).
        data_dir: folder of prepared sets; by default that of TensorFlow Datasets.
        download: False refuses to download or prepare anything.

    Returns:
        A `LongTailedDataset`; class names come from the catalog.

    Raises:
        ImportError: `tensorflow_datasets` is not installed.
        FileNotFoundError: a set that is not prepared, with `download=False`.
        ValueError: an unknown set, split or feature, a set prepared in another format, or images of several
            sizes without `image_size`.
    """
    builder = open_builder(name, data_dir, download)
    for key in (image_key, label_key):
        if key not in builder.info.features:
            raise ValueError(
                f"{name!r} has the features {', '.join(builder.info.features)}. Received: feature {key!r}"
            )
    splits = {}
    for role, split in (("train", train_split), ("val", val_split), ("test", test_split)):
        if split is not None:
            records, labels, _ = read_records(builder, split, image_key, label_key)
            title = f"{name}/{split}"
            lazy = RecordSplit(title, records, labels, image_key, image_size or (1, 1), channels)
            splits[role] = decode_all(lazy) if image_size is None else lazy
    return LongTailedDataset(
        name, splits["train"], splits.get("val"), splits.get("test"), class_names(builder, label_key)
    )


class RecordSplit(EncodedSplit):
    """Images that lie encoded in records, decoded when they are read.

    Args:
        title: name for error messages.
        records: sequence of dicts, read by position; `records[i][image_key]` holds the encoded bytes.
        labels: class indices `[N]`.
        image_key: name of the image in a record.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        positions: positions in `records` of the `N` images; None means all.
    """

    def __init__(self, title, records, labels, image_key, image_size, channels=3, positions=None):
        super().__init__(labels, image_size, channels)
        self.title, self.records, self.image_key = title, records, image_key
        self.positions = np.arange(len(records)) if positions is None else np.asarray(positions, np.int64)
        if len(self.positions) != len(self.labels):
            raise ValueError(
                "records and `labels` must have the same length. "
                f"Received: {len(self.positions)} records, {len(self.labels)} labels"
            )

    def open(self, position: int) -> Image.Image:
        encoded = self.records[int(self.positions[position])][self.image_key]
        return decode_image(bytes(encoded), self.channels, self.describe(position))

    def describe(self, position: int) -> str:
        return f"{self.title} record {int(self.positions[position])}"

    def subset(self, positions: Sequence[int] | np.ndarray) -> RecordSplit:
        chosen = np.asarray(positions, dtype=np.int64)
        return RecordSplit(
            self.title,
            self.records,
            self.labels[chosen],
            self.image_key,
            self.image_size,
            self.channels,
            self.positions[chosen],
        )


def open_builder(name: str, data_dir: str | Path | None, download: bool):
    """The prepared builder of a catalog set; errors name what is missing."""
    try:
        import tensorflow_datasets as tfds
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
            f"`name` must be a set of the TensorFlow Datasets catalog: {first_line} Received: name={name!r}"
        ) from error
    if download:
        builder.download_and_prepare()
    elif not builder.info.splits:
        raise FileNotFoundError(
            f"{name!r} is not prepared in `data_dir`; pass download=True. Received: data_dir={data_dir!r}"
        )
    return builder


def read_records(builder, split: str, image_key: str, label_key: str, order_by: str | None = None):
    """Opens a split: `(records, int64 labels, values of the feature order_by or None)`."""
    import tensorflow_datasets as tfds

    try:
        records = builder.as_data_source(split=split, decoders={image_key: tfds.decode.SkipDecoding()})
    except NotImplementedError as error:
        raise ValueError(_WRONG_FORMAT.format(getattr(builder, "data_path", None))) from error
    except ValueError as error:
        raise ValueError(f"{error} Received: split={split!r}") from error
    labels, order = np.empty(len(records), np.int64), []
    for position in range(len(records)):
        record = records[position]
        labels[position] = record[label_key]
        if order_by is not None:
            order.append(record[order_by])
    return records, labels, order if order_by is not None else None


def decode_all(split: EncodedSplit) -> Split:
    """Decodes every image at its own size into memory; ValueError if the sizes differ."""
    images = None
    for position in range(len(split)):
        pixels = np.asarray(split.open(position), dtype=np.uint8)
        if images is None:
            images = np.empty((len(split), *pixels.shape), np.uint8)
        if pixels.shape != images.shape[1:]:
            raise ValueError(
                "`image_size` must be given for images of several sizes. Received: image_size=None, and "
                f"{split.describe(position)} of {pixels.shape[0]} x {pixels.shape[1]} after "
                f"{images.shape[1]} x {images.shape[2]}"
            )
        images[position] = pixels
    if images is None:
        images = np.empty((0, *split.image_shape), np.uint8)
    return ArraySplit(images, split.labels)


def class_names(builder, label_key: str) -> list[str] | None:
    """Class names of the label feature, where the catalog has them."""
    names = getattr(builder.info.features[label_key], "names", None)
    return None if names is None else list(names)
