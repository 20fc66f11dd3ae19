"""README.md of this folder, from the records of finished rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.folders import records
from benchmarks.folders.paired import paired_table
from benchmarks.folders.records import Record
from benchmarks.folders.rows import ROWS
from benchmarks.folders.sources import SOURCES

README = Path(__file__).resolve().parent / "README.md"
# Cores that other processes may keep busy, on average, on an idle computer.
IDLE = 0.2
_SHOWN = ("top1", "balanced", "few")
_HEADER = (
    "| Row | Top-1 | Balanced | Few-shot | First result (s) | All (s) | Processor (s) | Memory (MiB) |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)

_START = """# Photographs in folders: what to train

Ways to train a classifier on three public long-tailed folders of images, made by one command:

```console
python -m benchmarks.folders.table --data-root DATA
```

Accuracies are in % on the test images, with 95 % intervals of a stratified bootstrap (`ltzoo.metrics`). Balanced is the
mean over classes; few-shot is the mean over classes with fewer than 20 training images. Intervals hold for other test
images, not for another training; each row has one seed. *First result* is the time from the start of the command to the
predictions for all test images, *all* the time to its end, with report and model; *processor* adds up the seconds of
all cores. *Memory* is the largest resident set. Each row is a process of its own, with nothing cached before.
"""

_BUSY = """
\\* Other processes ran on the computer: these seconds are too many. Those of the processor are nearly right.
"""

_IMAGES = """
## Images

No image is part of this repository. Clone these into `DATA/raw`. From them the command makes `DATA/NAME/train` and
`DATA/NAME/test`, the same on every computer, and it refuses other files.

```console
{clones}
```
"""


def stored(results: Path = records.RESULTS) -> list[Record]:
    """Return all finished rows, in the order of datasets and rows."""
    paths = [records.path_of(results, dataset, row) for dataset in SOURCES for row in ROWS]
    return [records.read(path) for path in paths if path.exists()]


def page(found: Sequence[Record]) -> str:
    """Return the text of README.md.

    Raises:
        ValueError: rows of one dataset were measured on different images.
    """
    parts = [_START]
    for dataset in SOURCES:
        rows = [record for record in found if record.dataset == dataset]
        if rows:
            parts.append(_section(dataset, rows))
    if any(_busy(record) for record in found):
        parts.append(_BUSY)
    parts += [_rows(found), _images(), _computers(found)]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _section(dataset: str, rows: list[Record]) -> str:
    if len({(record.images, *record.train) for record in rows}) > 1:
        raise ValueError(f"rows of {dataset} must share their images; run all with --again")
    first = rows[0]
    few = [label for label, count in enumerate(first.train) if count < 20]
    head = (
        f"## {dataset}\n\n{SOURCES[dataset].images[0].upper()}{SOURCES[dataset].images[1:]}: "
        f"{sum(first.train):,} for training, {min(first.train)} to {max(first.train)} per class, and "
        f"{sum(first.test):,} for testing. Few-shot: {_plural(len(few), 'class', 'classes')} with "
        f"{sum(first.test[label] for label in few):,} test images.\n"
    )
    best = {name: max(record.measures[name][0] or 0 for record in rows) for name in _SHOWN}
    lines = [_line(record, best) for record in rows]
    return "\n".join([head, _HEADER, *lines, "", *paired_table(rows)])


def _line(record: Record, best: dict[str, float]) -> str:
    cells = [f"`{record.row}`"]
    for name in _SHOWN:
        value, low, high = record.measures[name]
        if value is None or low is None or high is None:
            cells.append("–")
            continue
        shown = f"**{100 * value:.1f}**" if value == best[name] else f"{100 * value:.1f}"
        cells.append(f"{shown} ({100 * low:.1f}–{100 * high:.1f})")
    star = "\\*" if _busy(record) else ""
    usage = record.usage
    cells += [
        f"{usage['first_result']:.0f}{star}",
        f"{usage['total']:.0f}{star}",
        f"{usage['processor']:.0f}",
    ]
    cells.append(f"{usage['memory']:,.0f}")
    return f"| {' | '.join(cells)} |"


def _busy(record: Record) -> bool:
    return record.usage["others"] > IDLE


def _rows(found: Sequence[Record]) -> str:
    lines = ["## Rows\n"]
    for row in ROWS.values():
        lines.append(f"- `{row.name}`: {row.about}.")
        own = (record for record in found if record.row == row.name)
        lines.extend(f"  - {record.dataset}: {_how(record)}" for record in own)
    lines += [
        "",
        "`ltzoo train` holds out a tenth of the training images for validation by default. `transfer` trains on them "
        "at last, and rows without `ltzoo train` hold out none. Shot groups are those of all training images.",
    ]
    return "\n".join(lines)


def _how(record: Record) -> str:
    words = " ".join(["python -m", *ROWS[record.row].program, *record.options])
    parts = [f"`{words}`"]
    if record.notes:
        height, width = record.notes["image_size"]
        parts.append(f"{height} x {width} pixels, fit {record.notes['fit']}")
    return ", ".join(parts)


def _images() -> str:
    sources = SOURCES.values()
    clones = [
        f"git clone --depth 1 {source.url} DATA/raw/{source.url.rsplit('/', 1)[-1]}" for source in sources
    ]
    lines = [
        f"- **{source.name}** ({source.url}): {source.images}. License: {source.license}. Split: {source.split}."
        for source in sources
    ]
    return "\n".join([_IMAGES.format(clones="\n".join(clones)).strip("\n"), "", *lines])


def _computers(found: Sequence[Record]) -> str:
    lines = []
    for record in found:
        setup = record.setup
        versions = ", ".join(f"{name} {number}" for name, number in setup["versions"].items())
        lines.append(
            f"- {setup['processor'] or setup['system']}, {_plural(setup['cores'], 'core', 'cores')}, "
            f"{setup['system']}; ltzoo {setup['ltzoo']} at {setup['commit']}, {versions}: "
        )
    rows = [f"{record.dataset} `{record.row}`" for record in found]
    grouped = {
        line: ", ".join(row for row, own in zip(rows, lines, strict=True) if own == line)
        for line in dict.fromkeys(lines)
    }
    return "\n".join(["## Computers\n", *(f"{line}{names}." for line, names in grouped.items())])


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
