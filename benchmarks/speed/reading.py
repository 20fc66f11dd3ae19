"""Measure how fast photographs become the input of a network: whole and reduced, by threads, and from the cache.

    python -m benchmarks.speed.reading
    python -m benchmarks.speed.reading --data photos/

Without --data it makes photographs of 12 megapixels from seeded noise of several scales. CPU time is that of all
threads. The cache is a new temporary folder.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ltzoo.data.decoded_cache import DecodedCache
from ltzoo.data.files import FileSplit, decode_image
from ltzoo.data.image_sizes import sample_of_sizes
from ltzoo.data.pixels import READABLE_SUFFIXES
from ltzoo.data.reading_threads import available_cores, set_reading_threads

SIDES = (128, 224)
MEGAPIXELS = (4000, 3000)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.reading",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of photographs, searched recursively")
    parser.add_argument("--images", type=int, default=48, help="photographs to read (default 48)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_photos(Path(folder), options.images) if options.data is None else found(options)
        sizes = np.array(sample_of_sizes(paths))
        width, height = np.median(sizes, axis=0).astype(int)
        megabytes = np.mean([os.path.getsize(path) for path in paths]) / 1e6
        print(
            f"{len(paths)} files of {width} x {height} (median), {megabytes:.2f} MB; {available_cores()} cores"
        )
        for side in SIDES:
            measure(paths, side, Path(folder) / "cache")


def measure(paths: list[str], side: int, cache: Path) -> None:
    """Print milliseconds of CPU per image and images per second of each way to read the files."""
    split = FileSplit(paths, [0] * len(paths), (side, side))
    positions = np.arange(len(paths))
    cached = split.subset(positions)
    cached.cache = DecodedCache(split.fitted, 3, cache)
    several = available_cores()
    ways = [
        ("whole, 1 thread", 1, lambda: [split.fitted(decode_image(path)) for path in paths]),
        ("reduced, 1 thread", 1, lambda: split.load(positions)),
        (f"reduced, {several} threads", several, lambda: split.load(positions)),
        (f"first pass with cache, {several} threads", several, lambda: cached.load(positions)),
        (f"second pass with cache, {several} threads", several, lambda: cached.load(positions)),
    ]
    print(f"\nto {side} x {side}                          CPU ms per image   images/s")
    for name, threads, read in ways:
        set_reading_threads(threads)
        started, cpu = time.perf_counter(), time.process_time()
        read()
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - started
        print(f"{name:40} {1000 * cpu / len(paths):10.2f} {len(paths) / seconds:15.1f}")
    set_reading_threads(None)


def found(options: argparse.Namespace) -> list[str]:
    """Return image files of the folder, spread evenly over it."""
    files = sorted(path for path in options.data.rglob("*") if path.suffix.lower() in READABLE_SUFFIXES)
    return [str(path) for path in files[:: max(1, len(files) // options.images)]][: options.images]


def make_photos(folder: Path, count: int) -> list[str]:
    """Write JPEG files with detail at all scales, as photographs have: the finer the noise, the fainter."""
    rng, paths = np.random.default_rng(0), []
    width, height = MEGAPIXELS
    distinct = 4
    for number in range(count):
        path = folder / f"{number}.jpg"
        if number < distinct:
            photo = np.zeros((height, width, 3), np.float32)
            for scale in (2, 8, 32, 128, 512):
                small = rng.normal(0, scale**0.6, (height // scale + 1, width // scale + 1, 3)).astype(
                    "float32"
                )
                for channel in range(3):
                    layer = Image.fromarray(small[..., channel]).resize(
                        (width, height), Image.Resampling.BICUBIC
                    )
                    photo[..., channel] += np.asarray(layer)
            Image.fromarray(np.clip(128 + photo, 0, 255).astype("uint8")).save(path, quality=90)
        else:
            path.write_bytes((folder / f"{number % distinct}.jpg").read_bytes())
        os.utime(path, (1e9, 1e9))  # The cache leaves out what was written only now.
        paths.append(str(path))
    return paths


if __name__ == "__main__":
    main()
