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
    """Markdown of one line a recipe, the best few-shot accuracy first; longer runs after shorter ones.

    The last column compares with the baseline's runs of as many epochs.
    """
    runs = {}
    for row in rows:
        runs.setdefault((row["recipe"] + _changes(row["overrides"]), row["epochs"]), []).append(row)
    mean = {
        run: {key: statistics.mean(100 * float(row[key]) for row in found) for key in COLUMNS}
        for run, found in runs.items()
    }
    lines = [
        f"| Recipe | Epochs | Seeds | {' | '.join(COLUMNS.values())} | Few − {baseline} |",
        "|---|---|--:|" + "--:|" * (len(COLUMNS) + 1),
    ]
    baselines = {_total(epochs): mean[name, epochs]["few"] for name, epochs in runs if name == baseline}
    for run in sorted(runs, key=lambda run: (_total(run[1]), -mean[run]["few"])):
        (name, epochs), found = run, runs[run]
        cells = []
        for key in COLUMNS:
            values = [100 * float(row[key]) for row in found]
            spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            cells.append(f"{mean[run][key]:.1f}{spread}")
        if _total(epochs) in baselines:
            cells.append(f"{mean[run]['few'] - baselines[_total(epochs)]:+.1f}")
        else:
            cells.append("")
        cells = [_code(name), epochs, str(len(found)), *cells]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _total(epochs):
    return sum(int(number) for number in epochs.split("+"))


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
