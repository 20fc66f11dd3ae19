"""Measure `ltzoo train` on very many small files: seconds and memory until the first step.

    python -m benchmarks.speed.many_files [--images 437513] [--classes 8142] [--folder NEW_FOLDER]

The files are JPEG images of 64 x 48 pixels in one folder per class, with the totals of iNaturalist 2018. They take
about 2 GB of disk, and are removed at the end.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

NETWORK = ("--image-size", "32", "--backbone", "resnet8:width_multiplier=0.25", "--epochs", "1")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.many_files",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", type=int, default=437_513)
    parser.add_argument("--classes", type=int, default=8_142)
    parser.add_argument("--folder", type=Path, help="folder on the disk to use; by default a temporary one")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        until_first_step(options.child)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write(Path(folder) / "photos", options.images, options.classes)
        print(f"{options.images:,} files in {options.classes:,} classes; {os.cpu_count()} cores", flush=True)
        command = [sys.executable, "-m", "benchmarks.speed.many_files", "--child", folder]
        subprocess.run(command, env={**os.environ, "LTZOO_CACHE": f"{folder}/cache"}, check=True)


def until_first_step(folder: Path) -> None:
    """Train in this process until the first step is done, print what it took, and end the process."""
    started = time.perf_counter()
    from ltzoo.cli import cli, progress

    def first_step(self, batch, logs=None):
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, cpu = time.perf_counter() - started, time.process_time()
        print(f"first step after {wall:.0f} s ({cpu:.0f} s of CPU), {memory:,.0f} MB of memory", flush=True)
        os._exit(0)

    progress.TrainingProgress.on_train_batch_end = first_step
    words = ("train", "cross_entropy", "--data", folder / "photos", "--out", folder / "run", *NETWORK)
    cli([str(word) for word in words])


def write(folder: Path, images: int, classes: int) -> None:
    """Write small images whose classes get ever smaller."""
    rng = np.random.default_rng(0)
    shares = 1 / (np.arange(classes) + 10.0)
    counts = np.maximum(2, np.floor(shares * (images - 2 * classes) / shares.sum())).astype(int)
    counts[0] += images - counts.sum()
    contents = []
    for _ in range(8):
        file = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        small.resize((64, 48)).save(file, "JPEG", quality=60)
        contents.append(file.getvalue())
    for label, count in enumerate(counts):
        species = folder / f"species_{label:04d}"
        species.mkdir(parents=True)
        for number in range(count):
            (species / f"{number:05d}.jpg").write_bytes(contents[(label + number) % 8])


if __name__ == "__main__":
    main()
