"""Measure what training at the papers' scale costs, with one or several versions of the library.

    python -m benchmarks.scale --folder NEW_FOLDER --before CHECKOUT_OF_AN_EARLIER_VERSION

It makes synthetic data with the class counts of ImageNet-LT and iNaturalist 2018 (623,000 small files, about 3 GB), and
removes them at the end. Four parts, which `--only` selects:

- reading: images per second of every pass with 1, 2 and 4 workers, on JPEG files of 500 x 375 pixels;
- crops: peak memory of CAMC++, the crops that it embeds before stage 2, and passes per validation image in stage 1;
- start: seconds from `ltzoo train ENTRY` to the first step;
- shared: different first stages of the entries of CAMC's Tables II and III.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ltzoo
from benchmarks.scale import synthetic
from ltzoo import shipped
from ltzoo.models import first_stages
from ltzoo.recipes.recipe import Recipe

PARTS = ("reading", "crops", "start", "shared")
ENTRIES = {
    "imagenet_lt": "camc_resnext50_imagenet_lt",
    "inaturalist2018": "cross_entropy_resnet50_inaturalist2018",
}
TABLES = {"CAMC paper, Table II", "CAMC paper, Table III"}
GRID, TAU = 5, 100


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--before", type=Path, help="checkout of an earlier version, measured next to this one"
    )
    parser.add_argument("--folder", type=Path, help="folder on the disk to use; by default a temporary one")
    parser.add_argument("--images", type=int, default=1024, help="files of each pass (default 1024)")
    parser.add_argument(
        "--datasets", nargs="+", choices=ENTRIES, default=list(ENTRIES), help="data of start and crops"
    )
    parser.add_argument("--backbone", default="resnet50", help="network of the crops (default resnet50)")
    parser.add_argument("--batch", type=int, default=8, help="images of a batch of crops (default 8)")
    parser.add_argument("--side", type=int, default=224, help="side of the images (default 224)")
    options = parser.parse_args()
    here = Path(ltzoo.__file__).resolve().parents[1]
    versions = {**({"before": options.before} if options.before else {}), "after": here}
    print(
        f"{os.cpu_count()} cores; versions: {', '.join(f'{k} = {_commit(p)}' for k, p in versions.items())}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for part in options.only:
            print(f"\n{part}", flush=True)
            globals()[f"_{part}"](options, versions, Path(folder))


def _reading(options, versions, folder):
    paths = synthetic.photos(folder / "photos", options.images)
    for workers in (1, 2, 4):
        for name, path in versions.items():
            found = ask(path, folder, "reading", paths=paths, side=options.side, workers=workers)
            rates = "  ".join(f"{key} {rate:6.1f}" for key, rate in found.items())
            print(f"  {name:6} {workers} workers, images/s: {rates}", flush=True)


def _crops(options, versions, folder):
    for name, path in versions.items():
        for dataset in options.datasets:
            counts = class_counts(dataset)
            found = ask(path, folder, "embedded", class_counts=counts, threshold=TAU, grid=GRID)
            print(
                f"  {name:6} {dataset}: {found['crops']:,} crops embedded before stage 2, {found['seconds']:.0f} s "
                f"without a network; {found['passes_per_validation_image']} passes per validation image in stage 1",
                flush=True,
            )
        settings = {"backbone": options.backbone, "batch": options.batch, "side": options.side, "grid": GRID}
        found = ask(path, folder, "memory", **settings)
        print(
            f"  {name:6} {options.backbone}, batch {options.batch}, {options.side} pixels: "
            f"{found['megabytes']:,.0f} MB more than before the batch, {found['seconds']:.1f} s",
            flush=True,
        )


def _start(options, versions, folder):
    for dataset in options.datasets:
        place = folder / dataset
        files = synthetic.write(dataset, class_counts(dataset), place)
        for name, path in versions.items():
            run = str(folder / f"run-{dataset}-{name}")
            found = ask(path, folder, "first_step", entry=ENTRIES[dataset], folder=str(place), run=run)
            print(
                f"  {name:6} {ENTRIES[dataset]}, {files:,} files: first step begins after {found['seconds']:.0f} s "
                f"({found['cpu']:.0f} s of CPU), {found['megabytes']:,.0f} MB",
                flush=True,
            )


def _shared(options, versions, folder):
    groups: dict[str, list[str]] = {}
    for card in map(shipped.read, shipped.names()):
        paper = card["paper"] or {}
        if TABLES & {paper.get("table"), *(entry["table"] for entry in paper.get("also", ()))}:
            first = first_stages.described(Recipe.from_dict(card["recipe"]), card["class_counts"])
            key = json.dumps([first, card["backbone"], card["dataset"], card["seed"]], sort_keys=True)
            groups.setdefault(key, []).append(card["name"])
    total = sum(map(len, groups.values()))
    print(f"  {total} entries of CAMC's Tables II and III train {len(groups)} first stages:")
    for names in groups.values():
        epochs = shipped.read(names[0])["recipe"]["stages"][0]["epochs"]
        print(f"  {epochs} epochs for {len(names)}: {', '.join(name.split('_resnext')[0] for name in names)}")


def class_counts(dataset: str) -> list[int]:
    """Return the training images per class of a dataset with a published tail."""
    return list(shipped.read(ENTRIES[dataset])["class_counts"])


def ask(checkout: Path, folder: Path, what: str, /, **arguments) -> dict:
    """Return what a measurement of `child.py` found with the library of a checkout."""
    settings = {
        "PYTHONPATH": str(checkout),
        "LTZOO_CACHE": str(folder / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, str(Path(__file__).with_name("child.py")), what]
    done = subprocess.run(
        command,
        env={**os.environ, **settings},
        input=json.dumps(arguments),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _commit(checkout):
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
