"""Write the tables of docs/recipes_for_data.md: the rules of `ltzoo advise`, and what the recipes reach on folders.

    python -m tools.recipes_for_data --write docs/recipes_for_data.md

The rules come from `ltzoo.recipes.choosing`, the measurements from the records in benchmarks/folders/results. Each
table replaces the text between two comments, such as `<!-- begin rules -->` and `<!-- end rules -->`.
"""

import argparse
import json
import re
from pathlib import Path

from ltzoo.recipes.choosing import ADDITIONS, RULES
from tools.tables.__main__ import inserted

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "folders" / "results"
NONE = "No measurements are stored yet. `python -m benchmarks.folders.table --data-root DATA` makes them."
_MEASURES = {"balanced": "balanced", "few": "few-shot"}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recipes_for_data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", type=Path, help="Markdown file with the comments")
    options = parser.parse_args()
    if options.write is None:
        print("\n\n".join(tables().values()))
        return
    options.write.write_text(written(options.write.read_text("utf-8")), "utf-8")


def tables(results: Path = RESULTS) -> dict[str, str]:
    """Return all tables by name, in Markdown."""
    return {"rules": rules(), "options": additions(), "folders": measured(results)}


def written(document: str, results: Path = RESULTS) -> str:
    """Return the document with the current tables."""
    for name, text in tables(results).items():
        document = inserted(document, name, text)
    return document


def rules() -> str:
    """Return the decision table."""
    rows = []
    for rule in RULES:
        recipe = [] if rule.recipe == "transfer" else [rule.recipe]
        command = " ".join(["ltzoo train", *recipe, "--data photos/", *rule.options, "--out RUN"])
        rows.append([rule.when, f"`{command}`", _code(rule.why)])
    return _markdown(["Images", "Command", "Why"], rows)


def additions() -> str:
    """Return the table of options."""
    rows = [[_code(one.when), f"`{one.shown}`", _code(one.why)] for one in ADDITIONS]
    return _markdown(["If", "add", "Why"], rows)


def measured(results: Path) -> str:
    """Return accuracies by recipe and dataset, with their intervals, and the time; a sentence if there are none."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]
    if not records:
        return NONE
    datasets = sorted({record["dataset"] for record in records})
    found = {(record["row"], record["dataset"]): record for record in records}
    names = sorted({row for row, _ in found}, key=lambda row: -_mean(found, row, datasets))
    title = [
        "Trained",
        *(f"{name}: {what}" for name in datasets for what in (*_MEASURES.values(), "processor minutes")),
    ]
    rows = []
    for row in names:
        cells = [f"`{row}`"]
        for dataset in datasets:
            record = found.get((row, dataset))
            cells += ["–"] * (len(_MEASURES) + 1) if record is None else _cells(record)
        rows.append(cells)
    return _markdown(title, rows)


def _cells(record):
    cells = []
    for measure in _MEASURES:
        value, low, high = record["measures"][measure]
        cells.append("–" if value is None else f"{100 * value:.1f} ({100 * low:.1f} .. {100 * high:.1f})")
    return [*cells, f"{record['usage']['processor'] / 60:.1f}"]


def _mean(found, row, datasets):
    values = [found[row, one]["measures"]["balanced"][0] for one in datasets if (row, one) in found]
    return sum(values) / len(values)


def _markdown(title, rows):
    lines = [f"| {' | '.join(title)} |", f"|{' --- |' * len(title)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _code(text):
    """Return a text with names in single quotes as code."""
    return re.sub(r"(?<!\w)'([^']+)'(?!\w)", r"`\1`", text)


if __name__ == "__main__":
    main()
