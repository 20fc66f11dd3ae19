"""Write the datasets of a checked file into a new one, which the HDF5 library can be given."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from ltzoo.readers.hdf5.contents import Hdf5Contents
from ltzoo.readers.hdf5.cursor import Hdf5Error


def rewrite(contents: Hdf5Contents, path: Path) -> None:
    """Write all numbers of a file into a new HDF5 file; texts and datasets outside of groups are left out.

    Raises:
        Hdf5Error: a value is damaged, is NaN or is infinite.
    """
    with h5py.File(path, "w") as file:
        for name, dataset in contents.datasets.items():
            if "/" in name:
                file[name] = finite(dataset.read(), name)


def finite(values: np.ndarray, name: str) -> np.ndarray:
    """Return values that are finite in float32.

    Raises:
        Hdf5Error: one is NaN, infinite or too large.
    """
    if values.dtype.kind != "f":
        return values
    with np.errstate(over="ignore"):
        found = np.isfinite(values.astype(np.float32, copy=False))
    if not found.all():
        wrong = np.count_nonzero(~found)
        raise Hdf5Error(f"{wrong} of {values.size} numbers of {name} are NaN or beyond float32")
    return values
