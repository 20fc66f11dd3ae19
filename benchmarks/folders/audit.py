"""Count how many planted faults an audit finds, and how long it takes.

    python -m benchmarks.folders.audit FOLDER [FOLDER ...]

Each folder has train/ and test/ with class folders. A copy with planted faults (`plant`) is made and removed. What is
found besides was not planted; much of it is real, so that the share of planted ones is a lower bound of the precision.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.folders.plant import Planted, plant
from ltzoo.data.auditing.audit import Audit, audit


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / folder.name
            planted = plant(folder, copy, arguments.seed)
            started = time.monotonic()
            cheap = audit(copy, encoder=None)
            without = time.monotonic() - started
            started = time.monotonic()
            found = audit(copy)
            seconds = time.monotonic() - started
            print(
                f"\n{folder.name}: {len(found.images):,} images, {seconds:.0f} s, without features {without:.0f} s"
            )
            _print_duplicates(planted, found)
            _print_labels(planted, found)
            for finding in found.of("groups"):
                print(f"  groups: {finding.text}")
            assert len(cheap.of("near_duplicates")) == len(found.of("near_duplicates"))


def _print_duplicates(planted: Planted, found: Audit) -> None:
    groups = [{found.images.name(p) for p in finding.images} for finding in found.of("near_duplicates")]
    hits = set()
    for kind in ("resized", "mirrored", "across"):
        pairs = getattr(planted, kind)
        own = {number for copy, of in pairs.items() for number, g in enumerate(groups) if {copy, of} <= g}
        recalled = sum(any({copy, of} <= group for group in groups) for copy, of in pairs.items())
        hits |= own
        print(f"  {kind} copies: {recalled} of {len(pairs)} found")
    print(f"  groups of near duplicates: {len(groups)}, of which {len(groups) - len(hits)} were not planted")


def _print_labels(planted: Planted, found: Audit) -> None:
    # All wrong labels were planted in the training images.
    positions = [finding.images[0] for finding in found.of("suspicious_label")]
    ranked = [found.images.name(p) for p in positions if found.images.split(p) == "train"]
    wrong = planted.wrong_labels
    for count in sorted({min(len(wrong), len(ranked)), len(ranked)}):
        part = ranked[:count]
        hits = sum(name in wrong for name in part)
        print(
            f"  wrong labels: {hits} of {len(wrong)} among the first {len(part)} training images "
            f"(recall {hits / max(len(wrong), 1):.2f}, precision {hits / max(len(part), 1):.2f})"
        )


if __name__ == "__main__":
    main()
