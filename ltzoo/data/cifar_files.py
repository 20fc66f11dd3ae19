"""Read the official CIFAR-10 and CIFAR-100 files from their folder or from the archive.

The official files are pickles, and unpickling can run any code that a file names. They are read by
`ltzoo.readers.plain_pickle` instead, which knows plain values alone, so an untrusted file cannot run code or damage
memory. Archive members are read in memory and never extracted (`ltzoo.data.cifar_archive`), so they cannot write files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.data.cifar_archive import MAX_BYTES, read_archive
from ltzoo.readers.plain_arrays import ArrayNames, plain
from ltzoo.readers.plain_pickle import PickleError, read_pickle

# The number of classes of each member that holds labels.
CLASSES = {"labels": 10, "fine_labels": 100, "coarse_labels": 20}


def unpickle_batch(data: bytes, name: str) -> dict[str, Any]:
    """Read the pickle of one official file to a dict with str keys.

    Raises:
        ValueError: the data is anything else.
    """
    try:
        content, _ = read_pickle(data, ArrayNames(len(data)).table())
        if not isinstance(content, dict):
            raise PickleError(f"it holds a {type(content).__name__}")
        return {
            key.decode("latin-1") if isinstance(key, bytes) else str(key): plain(value)
            for key, value in content.items()
        }
    except PickleError as error:
        raise ValueError(f"{name} is not an official CIFAR file: {error}. Received: {_kind(data)}") from error


def read_files(
    dataset: str, data_dir: Path, folder: str, archive: str, file_names: tuple[str, ...]
) -> dict[str, bytes]:
    """Read the contents of the official files.

    Args:
        dataset: name of the dataset, for errors.
        data_dir: the official folder, the archive, or the folder that holds either.
        folder: name of the official folder, such as `cifar-10-batches-py`.
        archive: name of the official archive, such as `cifar-10-python.tar.gz`.
        file_names: the files to read.

    Raises:
        FileNotFoundError: neither the folder nor the archive exists, or the folder lacks a file.
        ValueError: a file is too large, or the archive cannot be read or lacks a file.
    """
    for candidate in (data_dir / folder, data_dir):
        if (candidate / file_names[0]).is_file():
            missing = [name for name in file_names if not (candidate / name).is_file()]
            if missing:
                raise FileNotFoundError(
                    f"{dataset} needs {', '.join(file_names)} in {candidate}; {missing[0]} is missing. "
                    f"Received: data_dir={str(data_dir)!r}"
                )
            return {name: _read(candidate / name) for name in file_names}
    for candidate in (data_dir / archive, data_dir):
        if candidate.is_file():
            return read_archive(candidate, file_names)
    raise FileNotFoundError(
        f"`data_dir` must hold {dataset}'s official folder {folder}/ (with {', '.join(file_names)}) or the "
        f"archive {archive}, or be one of them. Received: data_dir={str(data_dir)!r}"
    )


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(
            f"{path} is not an official CIFAR file: it must have at most {MAX_BYTES} bytes. Received: {size} bytes"
        )
    return path.read_bytes()


def images_and_labels(batch: dict[str, Any], label_key: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the uint8 images `[N, 32, 32, 3]` and int64 labels `[N]` of one unpickled file.

    Args:
        batch: what `unpickle_batch` returned.
        label_key: the member that holds the labels; one of `CLASSES`.
        name: name of the file, for errors.

    Raises:
        ValueError: the images or the labels are not those of CIFAR; the message names the member.
    """
    wrong = f"{name} is not an official CIFAR file"
    data, labels = batch.get("data"), batch.get(label_key)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise ValueError(f"{wrong}: `data` must be uint8 of shape [N, 3072]. Received: {_kind(data)}")
    if isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype.kind in "iu":
        labels = labels.tolist()
    if not isinstance(labels, list) or len(labels) != len(data):
        raise ValueError(f"{wrong}: `{label_key}` must have {len(data)} entries. Received: {_kind(labels)}")
    classes = CLASSES[label_key]
    for label in labels:
        if type(label) is not int or not 0 <= label < classes:
            raise ValueError(
                f"{wrong}: `{label_key}` must be integers from 0 to {classes - 1}. "
                f"Received: {label if type(label) is int else _kind(label)}"
            )
    images = np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, np.asarray(labels, dtype=np.int64)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {list(value.shape)}"
    length = f" of {len(value)}" if isinstance(value, (list, tuple, dict, str, bytes)) else ""
    return f"{type(value).__name__}{length}"
