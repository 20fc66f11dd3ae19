"""Compare GCL with plain cross-entropy on long-tailed digits, seeds 0 to 4.

    python -m benchmarks.cifar10_lt.demo_seeds

Train both models of the demo once per seed and print what to expect from the demo.
"""

import argparse
import platform
import tempfile

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from ltzoo import demo


def main():
    """Print one row per seed and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0")
    seeds = range(parser.parse_args().seeds)
    rows = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            done = demo.run(folder, seed, export=False, say=lambda line: None)
        rows.append(
            [done.results[name] for name in demo.NAMES] + [sum(done.seconds[n] for n in demo.NAMES[::2])]
        )
    table = Table(
        title=f"Long-tailed digits (imbalance factor {demo.IMBALANCE_FACTOR}), {demo.BACKBONE['name']}, "
        f"{demo.EPOCHS[0]} + {demo.EPOCHS[1]} epochs, {keras.backend.backend()} {keras.__version__}, "
        f"Python {platform.python_version()}; % on 500 balanced test images",
        title_justify="left",
    )
    columns = (
        "seed",
        "few CE",
        "few GCL 1",
        "few GCL 2",
        "gain",
        "top-1 CE",
        "top-1 GCL 1",
        "top-1 GCL 2",
        "gain",
        "s",
    )
    for name in columns:
        table.add_column(name, justify="right")
    for seed, (base, first, second, seconds) in zip(seeds, rows, strict=True):
        table.add_row(str(seed), *_cells(base, first, second), f"{seconds:.0f}")
    means = [[np.mean([getattr(row[i], key) for row in rows]) for key in ("few", "top1")] for i in range(3)]
    base, first, second = (type("Mean", (), {"few": few, "top1": top1}) for few, top1 in means)
    table.add_section()
    table.add_row("mean", *_cells(base, first, second), f"{np.mean([row[3] for row in rows]):.0f}")
    Console(width=120).print(table)


def _cells(base, first, second):
    for key in ("few", "top1"):
        values = [100 * getattr(result, key) for result in (base, first, second)]
        yield from (f"{value:.1f}" for value in values)
        yield f"{values[2] - values[0]:+.1f}"


if __name__ == "__main__":
    main()
