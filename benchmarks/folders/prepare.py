"""The folder of a source: made from its checkout once, and checked each time."""

from __future__ import annotations

from pathlib import Path

from benchmarks.folders import splits
from benchmarks.folders.sources import Source


def folder_of(source: Source, data_root: Path) -> Path:
    """Return `data_root/NAME` with train/ and test/; make it from `data_root/raw/REPOSITORY` if it is missing.

    Raises:
        SystemExit: there is neither, or its files are others than those that the table was made of.
    """
    folder = data_root / source.name
    if not folder.is_dir():
        checkout = data_root / "raw" / source.url.rsplit("/", 1)[-1]
        if not checkout.is_dir():
            raise SystemExit(f"{checkout} is missing: git clone --depth 1 {source.url} {checkout}")
        splits.write(source.split_of(checkout), folder)
    found = splits.digest(folder)
    if found != source.digest:
        raise SystemExit(
            f"{folder} must hold the images of {source.url} in the split of this benchmark (digest {source.digest}); "
            f"remove it to make it again. Received: digest {found}"
        )
    return folder
