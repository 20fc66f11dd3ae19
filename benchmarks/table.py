"""The rows of a CSV of results as a Markdown table: `python benchmarks/table.py --write docs/digits_lt.md`.

Means and sample standard deviations over the seeds, in percent. With `--write` the table replaces
what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` of that file, NAME being that of the CSV file.
"""

import argparse
from pathlib import Path

import ablation_table
import cifar_table
import digits_table
import runs

LAYOUTS = {
    "cifar10_lt": cifar_table,
    "cifar10_lt_ablation_fast": ablation_table,
    "cifar10_lt_ablation_best": ablation_table,
}


def main():
    """Prints the table or puts it into a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "digits_lt.csv")
    parser.add_argument("--write", type=Path, help="a Markdown file with the two comments")
    options = parser.parse_args()
    rows = runs.read(options.csv)
    text = LAYOUTS.get(options.csv.stem, digits_table).table(rows)
    if options.write is None:
        print(text)
        return
    options.write.write_text(inserted(options.write.read_text("utf-8"), options.csv.stem, text), "utf-8")


def inserted(document, name, text):
    """The document with `text` between the two comments of `name`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise SystemExit(f"The document must have one {begin} and one {end}.")
    head, rest = document.split(begin)
    return f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    main()
