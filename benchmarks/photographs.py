"""`ltzoo train fast --data FOLDER` on folders of photographs, beside other recipes on the same network and epochs.

    python benchmarks/photographs.py --data-dir cifar-10-batches-py --sizes 32 64 96 [--output FILE]

The folders hold a long-tailed subset of CIFAR-10 as PNG files, enlarged (bicubic) to each size: the sizes of ordinary
small photographs, though not their detail. `ltzoo train` finds size and classes by itself. The figures are those of
`result.json`, on the test images of the folder.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import ltzoo
from ltzoo.class_counts import long_tail_counts
from ltzoo.cli.train import PRECISIONS

COLUMNS = ("pixels", "recipe", "top-1", "many", "medium", "few", "ECE", "seconds")


def main():
    """Makes the folders, trains, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data-dir", required=True, type=Path, help="the official folder cifar-10-batches-py"
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[32, 64, 96])
    parser.add_argument("--recipes", nargs="+", default=["fast", "cross_entropy"])
    parser.add_argument("--images", type=int, default=500, help="of the largest class")
    parser.add_argument("--imbalance-factor", type=float, default=100)
    parser.add_argument("--test-images", type=int, default=100, help="of every class")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of the training")
    parser.add_argument("--output", type=Path, help="file that the table is added to")
    options = parser.parse_args()
    counts = long_tail_counts(options.images, 10, options.imbalance_factor)
    head = (
        f"CIFAR-10 as PNG files, {counts[0]} to {counts[-1]} training images a class ({counts.sum()}), "
        f"{options.epochs} epochs, fastnet, {options.precision}, one seed; "
        f"% on {10 * options.test_images} balanced test images"
    )
    lines = [head, "", f"| {' | '.join(COLUMNS)} |", "|--:|---|" + "--:|" * (len(COLUMNS) - 2)]
    print("\n".join(lines), flush=True)
    data = ltzoo.data.load("cifar10_lt", imbalance_factor=1, data_dir=options.data_dir)
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "photographs"
            write(data.train, counts, size, data.class_names, folder / "train")
            write(data.test, [options.test_images] * 10, size, data.class_names, folder / "test")
            for recipe in options.recipes:
                lines.append(row(size, recipe, folder, Path(temporary) / recipe, options))
                print(lines[-1], flush=True)
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")


def write(split, counts, size, names, folder):
    """The first images of every class, enlarged, in one sub-folder a class."""
    labels = np.asarray(split.labels)
    for c, (name, count) in enumerate(zip(names, counts, strict=True)):
        positions = np.flatnonzero(labels == c)[:count]
        (folder / name).mkdir(parents=True)
        for position, image in zip(positions, split.load(positions), strict=True):
            picture = Image.fromarray(np.asarray(image, "uint8")).resize(
                (size, size), Image.Resampling.BICUBIC
            )
            picture.save(folder / name / f"{position}.png")


def row(size, recipe, folder, run, options):
    """Trains a recipe on a folder by the command line; a row of the table."""
    begin = time.perf_counter()
    command = [
        shutil.which("ltzoo"),
        "train",
        recipe,
        "--data",
        folder,
        "--out",
        run,
        "--backbone",
        "fastnet",
        "--epochs",
        str(options.epochs),
        "--precision",
        options.precision,
        "--validation-fraction",
        "0",
    ]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    content = json.loads((run / "result.json").read_text())
    result = ltzoo.metrics.Result.from_dict(content["result"])
    values = (result.top1, result.many, result.medium, result.few, result.ece)
    figures = " | ".join(f"{100 * value:.1f}" for value in values)
    return f"| {size} | `{recipe}` | {figures} | {seconds:.0f} |"


if __name__ == "__main__":
    main()
