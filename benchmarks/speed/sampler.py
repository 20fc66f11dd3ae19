"""Count indices per second of `ClassSampler` at the size of iNaturalist 2018: 437,513 images in 8,142 classes.

    python -m benchmarks.speed.sampler [--repeats 7] [--output benchmarks/speed/results/sampler.txt]

Every figure is the median of the repeats. All candidates take turns inside each repeat, so a slow moment of the machine
affects all of them. Every repeat draws a new epoch. "start" is the construction from the labels. PyTorch's sampler
takes part if torch is installed. Expected time: half a minute.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from ltzoo.class_counts import long_tail_counts
from ltzoo.sampling import ClassSampler

IMAGES, CLASSES = 437_513, 8_142
STRATEGIES = {
    "instance_balanced": {},
    "class_balanced": {},
    "square_root": {},
    "effective_number": {},
    "cben": {},
    "reversed": {},
    "progressive": {"num_epochs": 90},
    "class_aware": {},
}


def make_labels():
    """Return shuffled labels of a Pareto profile with the totals of iNaturalist 2018."""
    counts = long_tail_counts(1000, CLASSES, 500, profile="pareto")
    counts = np.maximum(2, np.floor(counts * (IMAGES / counts.sum()))).astype(int)
    counts[0] += IMAGES - counts.sum()
    return np.random.default_rng(0).permutation(np.repeat(np.arange(CLASSES), counts))


def epoch_at_a_time(strategy, labels, parameters):
    """Return a function that draws one epoch at once."""
    sampler = ClassSampler(labels, strategy, **parameters)
    return lambda repeat: sampler.epoch(repeat)


def batch_at_a_time(strategy, labels, parameters, batch_size):
    """Return a function that draws one epoch batch by batch."""
    sampler = ClassSampler(labels, strategy, batch_size, **parameters)

    def run(repeat):
        for step in range(sampler.steps_per_epoch):
            sampler.batch(repeat, step)

    return run


def rivals(labels):
    """Return name -> (start in seconds, function that draws class-balanced indices, how many it draws)."""
    counts = np.bincount(labels)
    started = time.perf_counter()
    probabilities = 1.0 / (counts[labels] * float(len(counts)))
    generator = np.random.default_rng(0)
    numpy_start = time.perf_counter() - started

    def numpy_batches(repeat):
        # Every call sums the distribution over all images again, so 40 batches stand for the epoch.
        for _ in range(40):
            generator.choice(IMAGES, 128, p=probabilities)

    found = {
        "NumPy Generator.choice(p), epoch": (
            numpy_start,
            lambda repeat: generator.choice(IMAGES, IMAGES, p=probabilities),
            IMAGES,
        ),
        "NumPy Generator.choice(p), batch 128": (numpy_start, numpy_batches, 40 * 128),
    }
    try:
        import torch
        from torch.utils.data import BatchSampler, WeightedRandomSampler
    except ImportError:
        return found
    torch.manual_seed(0)
    started = time.perf_counter()
    sampler = WeightedRandomSampler(probabilities, IMAGES)
    torch_start = time.perf_counter() - started
    found["PyTorch WeightedRandomSampler, epoch"] = (torch_start, lambda repeat: list(sampler), IMAGES)
    batches = BatchSampler(sampler, 128, drop_last=False)
    found["PyTorch WeightedRandomSampler, batch 128"] = (torch_start, lambda repeat: list(batches), IMAGES)
    return found


def measure(repeats):
    """Return indices per second by (name, column), seconds of the start by name, and the names of the rivals."""
    labels = make_labels()
    runs, amounts, starts = {}, {}, {}
    for strategy, parameters in STRATEGIES.items():
        runs[strategy, "epoch"] = epoch_at_a_time(strategy, labels, parameters)
        for size in (128, 256):
            runs[strategy, f"batch {size}"] = batch_at_a_time(strategy, labels, parameters, size)
    others = rivals(labels)
    for name, (start, run, amount) in others.items():
        starts[name], runs[name, "rival"], amounts[name] = [start], run, amount
    times = {key: [] for key in runs}
    for repeat in range(repeats):
        for strategy, parameters in STRATEGIES.items():
            started = time.perf_counter()
            ClassSampler(labels, strategy, **parameters)
            starts.setdefault(strategy, []).append(time.perf_counter() - started)
        for key, run in runs.items():
            started = time.perf_counter()
            run(repeat)
            times[key].append(time.perf_counter() - started)
    rates = {key: amounts.get(key[0], IMAGES) / statistics.median(values) for key, values in times.items()}
    return rates, {name: statistics.median(values) for name, values in starts.items()}, list(others)


def table(rates, starts, others, repeats):
    """Format the results as the printed table."""
    lines = [
        f"{IMAGES:,} images in {CLASSES:,} classes; million indices per second, medians of {repeats} repeats",
        f"{platform.machine()}, {os.cpu_count()} CPU cores, Python {platform.python_version()}, "
        f"NumPy {np.__version__}",
        "",
        f"{'ClassSampler strategy':42}{'start, ms':>10}{'epoch':>10}{'batch 128':>11}{'batch 256':>11}",
    ]
    for strategy in STRATEGIES:
        cells = [rates[strategy, column] / 1e6 for column in ("epoch", "batch 128", "batch 256")]
        lines.append(
            f"{strategy:42}{1000 * starts[strategy]:10.1f}{cells[0]:10.2f}{cells[1]:11.2f}{cells[2]:11.2f}"
        )
    lines += ["", f"{'class-balanced draws of others':42}{'start, ms':>10}{'rate':>10}"]
    for name in others:
        lines.append(f"{name:42}{1000 * starts[name]:10.1f}{rates[name, 'rival'] / 1e6:10.3f}")
    return "\n".join(lines)


def main():
    """Measure, print the table and write it to `--output`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="measurements per figure")
    parser.add_argument("--output", type=Path, default=None, help="also write the table to this file")
    arguments = parser.parse_args()
    text = table(*measure(arguments.repeats), arguments.repeats)
    print(text)
    if arguments.output is not None:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
