"""Names of classes that differ only in what people overlook."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def folded(name: str) -> str:
    """Return a name without the differences that people overlook: case, composed accents, spaces around it."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def spelled_alike(names: Sequence[str]) -> list[str]:
    """Return one sentence per class name that is another one in a different spelling. Single letters may differ."""
    first: dict[str, str] = {}
    sentences = []
    for name in names:
        other = first.setdefault(folded(name), name)
        if other != name and len(name) > 1:
            sentences.append(
                f"the classes {other!r} and {name!r} differ in spelling only; merge them if they are one"
            )
    return sentences
