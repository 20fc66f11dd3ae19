"""Where cards and weights lie, and which entries there are; without Keras, so that listing them is quick."""

import fnmatch
from pathlib import Path


def folder() -> Path:
    """The folder of cards and weights: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def names(pattern: str = "*") -> list[str]:
    """Names of the zoo entries that match a glob pattern, sorted."""
    return sorted(fnmatch.filter((path.stem for path in folder().glob("*.json")), pattern))
