"""The rows of `benchmarks/compare.py` as a Markdown table: `python benchmarks/table.py --write docs/results.md`.

One line a recipe: mean and sample standard deviation over the seeds, in percent. With `--write` the table replaces
what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` of that file, NAME being that of the CSV file.
"""

import argparse
import csv
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = {"many": "Many", "medium": "Medium", "few": "Few", "top1": "All", "ece": "ECE"}


def main():
    """Prints the table or puts it into a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default=ROOT / "benchmarks" / "results" / "digits_lt.csv")
    parser.add_argument("--write", type=Path, help="a Markdown file with the two comments")
    options = parser.parse_args()
    with open(options.csv, newline="") as file:
        rows = list(csv.DictReader(file))
    text = table(rows)
    if options.write is None:
        print(text)
        return
    options.write.write_text(inserted(options.write.read_text("utf-8"), options.csv.stem, text), "utf-8")


def table(rows, baseline="cross_entropy"):
    """Markdown of one line a recipe, the best few-shot accuracy first."""
    runs = {}
    for row in rows:
        runs.setdefault(row["recipe"] + _changes(row["overrides"]), []).append(row)
    mean = {
        name: {key: statistics.mean(100 * float(row[key]) for row in found) for key in COLUMNS}
        for name, found in runs.items()
    }
    lines = [
        f"| Recipe | Epochs | Seeds | {' | '.join(COLUMNS.values())} | Few − {baseline} |",
        "|---|---|--:|" + "--:|" * (len(COLUMNS) + 1),
    ]
    for name in sorted(runs, key=lambda name: -mean[name]["few"]):
        found = runs[name]
        cells = []
        for key in COLUMNS:
            values = [100 * float(row[key]) for row in found]
            spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            cells.append(f"{mean[name][key]:.1f}{spread}")
        gain = mean[name]["few"] - mean[baseline]["few"] if baseline in mean else float("nan")
        cells = [_code(name), found[0]["epochs"], str(len(found)), *cells, f"{gain:+.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _changes(overrides):
    return "" if overrides == "{}" else f" {overrides}"


def _code(name):
    return " ".join(f"`{part}`" for part in name.split(" ", 1))


def inserted(document, name, text):
    """The document with `text` between the two comments of `name`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise SystemExit(f"The document must have one {begin} and one {end}.")
    head, rest = document.split(begin)
    return f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    main()
