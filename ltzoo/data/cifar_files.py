"""Read the official CIFAR-10 and CIFAR-100 files from their folder or from the archive.

The official files are pickles, and unpickling can run any code that the file names. This reader resolves
only the names that NumPy arrays and byte strings need and refuses everything else, so an untrusted archive
cannot run code. Archive members are read in memory and never extracted, so they cannot write files.
"""

from __future__ import annotations

import codecs
import io
import pickle
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

_NUMPY_NAMES = {("numpy", "ndarray"), ("numpy", "dtype")}
_RECONSTRUCT_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
# NumPy's pickles name this function. NumPy 2 renamed its module.
_RECONSTRUCT = np.empty(0).__reduce__()[0]


def _encode_latin1(text: str, encoding: str = "latin1") -> bytes:
    """Decode bytes as pickle protocol 2 writes them; refuse other codecs."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"codec {encoding!r} is not allowed in a CIFAR file")
    return codecs.encode(text, "latin1")


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) in _NUMPY_NAMES:
            return getattr(np, name)
        if module in _RECONSTRUCT_MODULES and name == "_reconstruct":
            return _RECONSTRUCT
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a CIFAR file")


def unpickle_batch(data: bytes, name: str) -> dict[str, Any]:
    """Unpickle one official file to a dict with str keys.

    Raises:
        ValueError: the data is anything else.
    """
    try:
        content = _ArrayUnpickler(io.BytesIO(data), encoding="bytes").load()
    # A damaged pickle raises nearly any type.
    except Exception as error:
        raise ValueError(f"{name} is not an official CIFAR file: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{name} is not an official CIFAR file: it holds a {type(content).__name__}")
    return {key.decode() if isinstance(key, bytes) else str(key): value for key, value in content.items()}


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
        ValueError: the archive cannot be read or lacks a file.
    """
    for candidate in (data_dir / folder, data_dir):
        if (candidate / file_names[0]).is_file():
            missing = [name for name in file_names if not (candidate / name).is_file()]
            if missing:
                raise FileNotFoundError(
                    f"{dataset} needs {', '.join(file_names)} in {candidate}; {missing[0]} is missing. "
                    f"Received: data_dir={str(data_dir)!r}"
                )
            return {name: (candidate / name).read_bytes() for name in file_names}
    for candidate in (data_dir / archive, data_dir):
        if candidate.is_file():
            return _read_archive(candidate, file_names)
    raise FileNotFoundError(
        f"`data_dir` must hold {dataset}'s official folder {folder}/ (with {', '.join(file_names)}) or the "
        f"archive {archive}, or be one of them. Received: data_dir={str(data_dir)!r}"
    )


def _read_archive(path: Path, file_names: tuple[str, ...]) -> dict[str, bytes]:
    found = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if member.isreg() and name in file_names and name not in found:
                    stream = archive.extractfile(member)
                    assert stream is not None
                    found[name] = stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a .tar.gz archive: {error}") from error
    missing = [name for name in file_names if name not in found]
    if missing:
        raise ValueError(f"{path} must hold {', '.join(file_names)}; {missing[0]} is missing")
    return found


def images_and_labels(batch: dict[str, Any], label_key: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the uint8 images `[N, 32, 32, 3]` and int64 labels `[N]` of one unpickled file."""
    data, labels = batch.get("data"), batch.get(label_key)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise ValueError(f"{name} is not an official CIFAR file: `data` must be uint8 of shape [N, 3072]")
    if labels is None or len(labels) != len(data):
        raise ValueError(f"{name} is not an official CIFAR file: `{label_key}` must have {len(data)} entries")
    images = np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, np.asarray(labels, dtype=np.int64)
