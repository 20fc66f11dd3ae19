"""Run a table or figure of a paper, and print ours next to the paper's.

    python -m benchmarks.papers --list
    python -m benchmarks.papers mislas table3 --data-dir ~/data --epochs-share 0.1
    python -m benchmarks.papers gcl table4 --on digits_lt --epochs-share 0.005
    python -m benchmarks.papers mislas figure3 --on digits_lt --epochs-share 0.05

A command that was stopped resumes. Rows with the same first stage train it once, and a row that stands in several
tables is trained once. What came out is written into `benchmarks/papers/results`. Pictures of figures are written into
ROOT/figures.
"""

import argparse
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.papers.registry import RESULTS, Item, Options, find, items, write
from benchmarks.papers.stand_in import SMALL
from ltzoo.files import atomic_write


def _record_of(item: Item, options: Options) -> Path | None:
    """Return the file that a run with these options wrote; what is computed without training has no `--on`."""
    path, without = item.record(options), item.record(dataclasses.replace(options, on=None))
    if path.exists():
        return path
    if not without.exists():
        return None
    lines = json.loads(without.read_text(encoding="utf-8")).get("runs", ())
    computed = lines and all(line["status"] == "ran" and "run" not in line for line in lines)
    return without if computed else None


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
    parser.add_argument(
        "--from-record", action="store_true", help="show a record again, and draw it, without runs"
    )
    given = vars(parser.parse_args(arguments))
    if given.pop("list"):
        print(listing(given["paper"], given["results"]))
        return
    paper, name, train = given.pop("paper"), given.pop("name"), not given.pop("no_training")
    recorded = given.pop("from_record")
    if name is None:
        parser.error("PAPER and TABLE or FIGURE must be given; --list prints them. Received: none")
    try:
        item = find(paper, name)
    except ValueError as error:
        parser.error(str(error))
    options = Options(**given, train=train)
    if recorded:
        path = _record_of(item, options)
        if path is None:
            parser.error(
                f"--from-record needs {item.record(options)}, which a run of this command writes. "
                "Received: no such file"
            )
        made = json.loads(path.read_text(encoding="utf-8"))
    else:
        made = item.make(options)
        if train:
            write(item.record(dataclasses.replace(options, on=made["on"])), made)
    print(item.show(made))
    picture = None if item.draw is None else item.draw(made, options)
    if picture is not None:
        print(f"Picture: {save(picture, item, made, options)}")


def save(picture, item: Item, made: Mapping[str, Any], options: Options) -> Path:
    """Write the picture of a figure next to the runs, and return its path."""
    record = item.record(dataclasses.replace(options, on=made["on"]))
    path = options.root / "figures" / record.with_suffix(".png").name
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        picture.savefig(temporary, format="png")
    return path


def listing(paper: str | None = None, results: Path = RESULTS) -> str:
    """Return a Markdown table of all tables and figures: command, title, and what was run."""
    lines = [f"| `{item.command}` | {item.title} | {_ran(item, results)} |" for item in items(paper)]
    return "\n".join(["| Command | What | Was run |", "|---|---|---|", *lines])


def _ran(item: Item, results: Path) -> str:
    said = []
    for path in item.records(results):
        record = json.loads(path.read_text(encoding="utf-8"))
        where = "the paper's data" if record["on"] is None else record["on"]
        rows = record.get("rows") or record["runs"]
        kind = "rows" if "rows" in record else "networks"
        ran = sum(row["status"].startswith("ran") for row in rows)
        said.append(f"{ran} of {len(rows)} {kind} on {where}, {record['epochs_share']:g} of the epochs")
    return "; ".join(said) or (f"no: {item.why_not}" if item.why_not else "no")


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"it must be above 0 and at most 1. Received: {text}")
    return value


if __name__ == "__main__":
    main()
