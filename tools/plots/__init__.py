"""Pictures of the rows of `benchmarks/cifar10_lt` for the docs."""

import argparse
from pathlib import Path

from benchmarks.cifar10_lt import runs


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every picture takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "cifar10_lt.csv")
    parser.add_argument("--out", type=Path, required=True, help="the picture")
    return parser
