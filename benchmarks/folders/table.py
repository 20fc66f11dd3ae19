"""Measure ways to train on public long-tailed folders of images, and write the table.

    python -m benchmarks.folders.table --data-root DATA [--datasets plankton ...] [--rows transfer ...]

DATA/raw holds the checkouts (README.md says which); folders are made in DATA, runs in DATA/runs. Each row is a process
of its own. A finished row is kept in benchmarks/folders/results and not run again, unless its options changed or
`--again` is given. `--print` only writes README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.folders.rows import ROWS
from benchmarks.folders.sources import SOURCES


def main(words: list[str] | None = None) -> None:
    """Run what is missing and write README.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, help="folder with raw/ and with the folders made of it")
    parser.add_argument("--datasets", nargs="+", choices=SOURCES, default=list(SOURCES), help="default: all")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="default: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, sampling and augmentation")
    parser.add_argument("--again", action="store_true", help="also run rows that are finished")
    parser.add_argument("--print", action="store_true", dest="print_only", help="only write README.md")
    given = parser.parse_args(words)
    if not given.print_only:
        if given.data_root is None:
            parser.error("--data-root is missing. Received: no --data-root")
        run_missing(given)
    from benchmarks.folders.markdown import README, page, stored

    README.write_text(page(stored()), encoding="utf-8")
    print(f"wrote {README}")


def run_missing(given: argparse.Namespace) -> None:
    """Run and store each row that is not finished, dataset by dataset."""
    from benchmarks.folders import one_row, records
    from benchmarks.folders.prepare import folder_of

    data_root = given.data_root.expanduser().resolve()
    for dataset in given.datasets:
        folder = folder_of(SOURCES[dataset], data_root)
        for name in given.rows:
            row, path = ROWS[name], records.path_of(records.RESULTS, dataset, name)
            if path.exists() and not given.again:
                known = records.read(path)
                if (known.options, known.seed) == (row.options_for(dataset), given.seed):
                    print(f"{dataset}, {name}: finished before", flush=True)
                    continue
            record = one_row.run(row, dataset, folder, data_root / "runs" / f"{dataset}-{name}", given.seed)
            records.write(record, records.RESULTS)
            shown = {key: record.measures[key][0] for key in ("top1", "balanced", "few")}
            print(f"{dataset}, {name}: {shown} {record.usage}", flush=True)


if __name__ == "__main__":
    main()
