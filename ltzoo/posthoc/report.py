"""The report of a correction: what was fitted, and each measure before and after it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ltzoo.posthoc.measures import LOWER_IS_BETTER, ROWS

CAPTION = "in brackets: 95 % intervals; *: better beyond chance"
HEADER = ("", "before", "after", "difference", "images")


@dataclasses.dataclass(frozen=True)
class Report:
    """What a correction does to images that it was not fitted on.

    Attributes:
        images: number of held-out images.
        notes: sentences on what was fitted and what limits it.
        scores: cross-validated objective per candidate; see `fit_correction`.
        measures: per key of `ROWS` the value, lower and upper bound of "before", "after" and "difference", and the
            number of "images" behind them. NaN where the held-out images have none of a group.
    """

    images: int
    notes: tuple[str, ...]
    scores: dict[str, float]
    measures: dict[str, dict[str, Any]]

    def table(self) -> list[tuple[str, ...]]:
        """Return the cells of the table, row by row, without the header."""
        return [
            (ROWS[key], *(_cell(key, side, row[side]) for side in HEADER[1:4]), str(row["images"]))
            for key, row in self.measures.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON; NaN becomes None."""
        return {**dataclasses.asdict(self), "notes": list(self.notes), "measures": _plain(self.measures)}

    def __str__(self):
        rows = [HEADER, *self.table()]
        widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
        lines = [
            "  ".join(
                cell.ljust(width) if not place else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return "\n".join([*lines, CAPTION, *self.notes])


def _cell(key, side, values):
    value, low, high = values
    if math.isnan(value):
        return "-"
    sign, scale, digits = (
        ("+" if side == "difference" else ""),
        (1 if key == "nll" else 100),
        3 if key == "nll" else 1,
    )
    text = f"{scale * value:{sign}.{digits}f} ({scale * low:{sign}.{digits}f} .. {scale * high:{sign}.{digits}f})"
    better = low > 0 if key not in LOWER_IS_BETTER else high < 0
    return text + (" *" if side == "difference" and better else "  " if side == "difference" else "")


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
