"""Print the rows of a CSV of results as a Markdown table, or write it into a document.

    python -m tools.tables --csv benchmarks/cifar10_lt/results/cifar10_lt.csv --write docs/results.md

Means and sample standard deviations over the seeds, in percent. With `--write`, the table replaces the text between
`<!-- begin NAME -->` and `<!-- end NAME -->` in that file, where NAME is the name of the CSV file.
"""

import argparse
from pathlib import Path

from benchmarks.cifar10_lt import runs
from tools.tables import cifar10_lt, digits_lt

LAYOUTS = {"cifar10_lt": cifar10_lt, "digits_lt": digits_lt}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.tables",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "digits_lt.csv", help="rows of results")
    parser.add_argument("--write", type=Path, help="Markdown file with the two comments")
    parser.add_argument(
        "--full-length", action="store_true", help="only rows with the registered epochs of their recipe"
    )
    options = parser.parse_args()
    rows = runs.read(options.csv)
    if options.full_length:
        rows = full_length(rows)
    text = LAYOUTS.get(options.csv.stem, digits_lt).table(rows)
    if options.write is None:
        print(text)
        return
    options.write.write_text(inserted(options.write.read_text("utf-8"), options.csv.stem, text), "utf-8")


def full_length(rows: list[dict]) -> list[dict]:
    """Return the rows that trained for all epochs of their recipe."""
    return [row for row in rows if row["epochs"] == runs.own_epochs(row["recipe"])]


def inserted(document, name, text):
    """Return the document with `text` between the two comments of `name`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise SystemExit(f"The file of `--write` must have one {begin} and one {end}.")
    head, rest = document.split(begin)
    return f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    main()
