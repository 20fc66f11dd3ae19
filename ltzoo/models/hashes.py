"""Hashes of files of any size."""

import hashlib
import os
from pathlib import Path


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file as 64 hexadecimal digits; the file is read in pieces."""
    with open(Path(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
