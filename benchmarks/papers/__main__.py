"""Run a table or figure of a paper, and print ours next to the paper's.

    python -m benchmarks.papers --list
    python -m benchmarks.papers mislas table3 --data-dir ~/data --epochs-share 0.1
    python -m benchmarks.papers gcl table4 --on digits_lt --epochs-share 0.005

A command that was stopped resumes. Rows with the same first stage train it once, and a row that stands in several
tables is trained once. What came out is written into `benchmarks/papers/results`.
"""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.papers.registry import RESULTS, Item, Options, find, items, write
from benchmarks.papers.stand_in import SMALL


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.papers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paper", nargs="?", help="mislas, gcl, nbn, camc or fsa")
    parser.add_argument("name", nargs="?", help="table or figure, such as table3, tableIV or figure6")
    parser.add_argument("--list", action="store_true", help="print all commands and what was run, then stop")
    parser.add_argument("--data-dir", type=Path, help="folder of the files, or with one folder per dataset")
    parser.add_argument("--epochs-share", type=_share, default=1.0, help="factor on all epochs (default 1)")
    parser.add_argument("--on", choices=sorted(SMALL), help="small dataset in place of the paper's")
    parser.add_argument("--seed", type=int, default=0, help="seed of all runs (default 0)")
    parser.add_argument("--start-from", type=Path, help="network of ImageNet, for rows of Places-LT")
    parser.add_argument("--root", type=Path, default=Path("runs/papers"), help="folder of the runs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the records")
    parser.add_argument("--no-training", action="store_true", help="only show what has been trained")
    given = vars(parser.parse_args(arguments))
    if given.pop("list"):
        print(listing(given["paper"], given["results"]))
        return
    paper, name, train = given.pop("paper"), given.pop("name"), not given.pop("no_training")
    if name is None:
        parser.error("PAPER and TABLE or FIGURE must be given; --list prints them. Received: none")
    try:
        item = find(paper, name)
    except ValueError as error:
        parser.error(str(error))
    options = Options(**given, train=train)
    made = item.make(options)
    if train:
        write(item.record(dataclasses.replace(options, on=made["on"])), made)
    print(item.show(made))


def listing(paper: str | None = None, results: Path = RESULTS) -> str:
    """Return a Markdown table of all tables and figures: command, title, and what was run."""
    lines = [f"| `{item.command}` | {item.title} | {_ran(item, results)} |" for item in items(paper)]
    return "\n".join(["| Command | What | Was run |", "|---|---|---|", *lines])


def _ran(item: Item, results: Path) -> str:
    said = []
    for path in item.records(results):
        record = json.loads(path.read_text(encoding="utf-8"))
        where = "the paper's data" if record["on"] is None else record["on"]
        rows = record.get("rows", ())
        ran = sum(row["status"].startswith("ran") for row in rows)
        counted = f"{ran} of {len(rows)} rows " if rows else ""
        said.append(f"{counted}on {where}, {record['epochs_share']:g} of the epochs")
    return "; ".join(said) or "no"


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"it must be above 0 and at most 1. Received: {text}")
    return value


if __name__ == "__main__":
    main()
