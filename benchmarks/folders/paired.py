"""Differences between `transfer` and the other rows of a dataset, image by image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.folders.records import Record

BASELINE = "transfer"
_OPPOSITE = {"worse": "better", "better": "worse"}


def paired_table(rows: Sequence[Record]) -> list[str]:
    """Return the lines of a table of differences with 95 % intervals and verdicts; none without `transfer`.

    The intervals are those of `ltzoo.metrics.compare`: both rows on the same resamples of the test images, p-values
    corrected for the number of rows.
    """
    from ltzoo.metrics import compare

    by_name = {record.row: record for record in rows}
    if BASELINE not in by_name or len(by_name) < 2:
        return []
    first = by_name.pop(BASELINE)
    runs = {name: _predictions(record) for name, record in {BASELINE: first, **by_name}.items()}
    found = compare(runs, first.train)
    lines = [
        f"`{BASELINE}` minus the other row, in points, with intervals of the paired bootstrap. Verdicts correct for",
        "the number of rows; that on few-shot accuracy also asks McNemar's test.",
        "",
    ]
    lines += ["| Other row | Balanced | Few-shot |", "|---|--:|--:|"]
    for name, differences in found.items():
        cells = [_cell(differences[measure]) for measure in ("balanced", "few")]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return [*lines, ""]


def _predictions(record: Record):
    from ltzoo.metrics import Predictions

    labels, ones = np.array(record.labels), np.ones(len(record.labels))
    # Probabilities were not kept; only classes are compared.
    return Predictions(labels, np.array(record.predicted)[:, None], ones[:, None], ones)


def _cell(difference) -> str:
    if difference.difference != difference.difference:
        return "–"
    verdict = _OPPOSITE.get(difference.verdict, difference.verdict)
    shown, low, high = (
        f"{round(-100 * value, 1) + 0.0:+.1f}"  # Not -0.0.
        for value in (difference.difference, difference.high, difference.low)
    )
    return f"{shown} ({low} to {high}), {verdict}"
