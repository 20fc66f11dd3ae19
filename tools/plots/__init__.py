"""Pictures of `benchmarks/cifar10_lt` for the docs: run each as `python -m tools.plots.NAME`."""

import argparse
from pathlib import Path

from benchmarks.cifar10_lt import runs


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every picture."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "cifar10_lt.csv", help="rows of results")
    parser.add_argument("--out", type=Path, required=True, help="file for the picture")
    return parser
