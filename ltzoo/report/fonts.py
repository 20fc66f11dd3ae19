"""Fonts for text in figures: installed fonts that have the characters which the default font lacks."""

import collections
import functools
import unicodedata
from collections.abc import Sequence

from matplotlib import font_manager, rcParams

# Fonts that only draw boxes, or pictures of one size, which Agg cannot scale.
_USELESS = ("last resort", "lastresort", "color emoji", "adobe blank")


def families(text: str) -> list[str]:
    """Return font families for a text: the default ones, then installed fonts for the characters they lack."""
    return [*rcParams["font.family"], *_fallbacks(_missing(text))]


def is_drawable(text: str) -> bool:
    """Return whether installed fonts have all characters of a text, and it reads from left to right.

    Matplotlib neither joins the letters of right-to-left scripts nor orders them.
    """
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text):
        return False
    missing = _missing(text)
    return not missing.difference(*(_characters(_path(family)) for family in _fallbacks(missing)))


def drawable(text: str) -> str:
    """Return a text as one line with a question mark for each character that cannot be drawn."""
    line = " ".join(str(text).split())
    if is_drawable(line):
        return line
    return "".join(character if is_drawable(character) else "?" for character in line)


def class_labels(names: Sequence[object], length: int = 18) -> list[str]:
    """Return a short label per class, for figures.

    A name that cannot be drawn becomes the number of its class, as does one that is empty on one line. Names that
    are equal after shortening get the number too.

    Args:
        names: names of the classes in label order.
        length: largest number of characters of a name.
    """
    lines = [" ".join(str(name).split()) for name in names]
    labels = [
        shortened(line, length) if line and is_drawable(line) else f"class {number}"
        for number, line in enumerate(lines)
    ]
    times = collections.Counter(labels)
    return [
        f"{shortened(label, length - 6)} ({number})" if times[label] > 1 else label
        for number, label in enumerate(labels)
    ]


def shortened(text: object, length: int) -> str:
    """Return a text as one line of at most `length` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _missing(text: str) -> frozenset[str]:
    if text.isascii() and text.isprintable():
        return frozenset()
    return frozenset(text) - _characters(_default_path()) - {" "}


@functools.lru_cache(maxsize=256)
def _fallbacks(missing: frozenset[str]) -> tuple[str, ...]:
    """Return few families that have the missing characters, the one with most of them first."""
    chosen: list[str] = []
    rest = set(missing)
    while rest:
        coverage = {family: len(rest & _characters(path)) for family, path in _installed()}
        best = max(coverage, key=lambda family: coverage[family], default="")
        if not coverage.get(best):
            break
        chosen.append(best)
        rest -= _characters(_path(best))
    return tuple(chosen)


def _installed() -> list[tuple[str, str]]:
    """Return name and file of the fonts that can be scaled, upright ones of normal weight and without serifs first."""
    fonts: dict[str, tuple[tuple, str]] = {}
    for entry in font_manager.fontManager.ttflist:
        if any(word in entry.name.casefold() for word in _USELESS):
            continue
        weight = entry.weight if isinstance(entry.weight, int) else 400
        rank = (entry.style != "normal", abs(weight - 400), entry.stretch != "normal", entry.fname)
        if entry.name not in fonts or rank < fonts[entry.name][0]:
            fonts[entry.name] = (rank, entry.fname)
    order = sorted(fonts, key=lambda name: ("sans" not in name.casefold(), name))
    return [(name, fonts[name][1]) for name in order]


def _path(family: str) -> str:
    return dict(_installed())[family]


def _default_path() -> str:
    return font_manager.findfont(font_manager.FontProperties(family=rcParams["font.family"]))


@functools.lru_cache(maxsize=1024)
def _characters(path: str) -> frozenset[str]:
    try:
        font = font_manager.get_font(path)
    except (OSError, RuntimeError):  # The font was removed, or FreeType cannot read it.
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
