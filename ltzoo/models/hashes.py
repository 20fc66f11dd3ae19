"""Hash files of any size."""

import hashlib
import os
from pathlib import Path


def sha256(path: str | os.PathLike) -> str:
    """Compute the SHA-256 of a file, read in pieces, as 64 hexadecimal digits."""
    with open(Path(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
