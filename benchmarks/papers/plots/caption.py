"""The caption below a figure, and the names of its lines."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from ltzoo.report import style

_LETTERS_PER_INCH = 14


def add_caption(figure: Figure, text: str) -> Figure:
    """Write what a figure shows below it, and return the figure."""
    width = int(_LETTERS_PER_INCH * figure.get_figwidth())
    lines = textwrap.wrap(style.plain(text), width)
    figure.set_figheight(figure.get_figheight() + 0.16 * len(lines))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9, color=style.INK)
    return figure


def names(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the label of each line, with its network where several lines have the same label."""
    seen = Counter(line["label"] for line in lines)
    return [
        line["label"] if seen[line["label"]] == 1 else f"{line['label']}, {line['of_paper']}"
        for line in lines
    ]


def by_network(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the lines of each network, in order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["network"], []).append(line)
    return found
