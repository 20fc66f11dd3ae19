"""Run one row on one folder, and make its record."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.folders import splits
from benchmarks.folders.records import Record, measures_of
from benchmarks.folders.rows import PREDICTIONS, Row

ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = ("keras", "numpy", "scikit-learn")


def run(row: Row, dataset: str, folder: Path, out: Path, seed: int = 0, share: float = 1.0) -> Record:
    """Train in a process of its own, with an empty cache of decoded images, and return the record.

    Args:
        row: the row.
        dataset: name of the folder in the table.
        folder: has train/ and test/.
        out: folder for what the command writes and prints; replaced if it exists.
        seed: seed of the command.
        share: share of the epochs, for tests.

    Raises:
        SystemExit: the command failed.
    """
    if out.exists():
        shutil.rmtree(out)
    log, usage_file = out.with_suffix(".log"), out.with_suffix(".usage.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    options = row.options_for(dataset, share)
    command = row.command(folder, out, seed, options)
    launcher = [
        sys.executable,
        "-m",
        "benchmarks.folders.child",
        str(usage_file),
        str(out / PREDICTIONS),
        str(log),
    ]
    with tempfile.TemporaryDirectory() as cache:
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": paths, "LTZOO_CACHE": cache}
        subprocess.run([*launcher, "--", *command], env=environment, check=True)
    usage = json.loads(usage_file.read_text())
    if usage.pop("code") != 0:
        printed = log.read_text(errors="replace").splitlines()[-15:]
        raise SystemExit("\n".join([*printed, f"{' '.join(command[1:])} failed; see {log}"]))
    counts = splits.counts(folder)
    images, predicted = predictions_in(out / PREDICTIONS, list(counts["train"]))
    train, test = list(counts["train"].values()), [counts["test"].get(name, 0) for name in counts["train"]]
    labels = [label for label, count in enumerate(test) for _ in range(count)]
    return Record(
        dataset=dataset,
        row=row.name,
        options=options,
        seed=seed,
        images=images,
        train=train,
        test=test,
        measures=measures_of(predicted, labels, train),
        usage={name: round(value, 2) for name, value in usage.items()},
        setup=setup(),
        notes=notes_of(out),
        predicted=predicted,
    )


def predictions_in(path: Path, class_names: list[str]) -> tuple[str, list[int]]:
    """Return a digest of the images and the class of each, sorted by class and name.

    Raises:
        ValueError: a label is not that of the image's folder.
    """
    from ltzoo.metrics.prediction_files import read_predictions

    found = read_predictions(path, len(class_names))
    if found.images is None:
        raise ValueError(f"{path} must name its images")
    rows = sorted(zip(found.labels.tolist(), found.images, found.predicted.tolist(), strict=True))
    wrong = [name for label, name, _ in rows if Path(name).parent.name != class_names[label]]
    if wrong:
        raise ValueError(
            f"{path} must have the label of each image's folder. Received: another for {wrong[0]}"
        )
    names = "\n".join(name for _, name, _ in rows)
    return hashlib.sha256(names.encode()).hexdigest()[:16], [guess for _, _, guess in rows]


def notes_of(out: Path) -> dict[str, Any]:
    """Return what `ltzoo train` chose: size and fit of images, and the images it held out."""
    if not (out / "run.json").exists():
        return {}
    written = json.loads((out / "run.json").read_text())
    arguments = written["arguments"]
    return {
        "image_size": arguments["image_size"],
        "fit": arguments["fit"],
        "held_out": written["dataset"]["images"].get("val", 0),
        "epochs": [stage["epochs"] for stage in written["recipe"]["stages"]],
    }


def setup() -> dict[str, Any]:
    """Return versions, commit and computer."""
    from ltzoo.version import __version__

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return {
        "ltzoo": __version__,
        "commit": commit(),
        "backend": backend,
        "versions": {"python": platform.python_version(), **_versions(backend)},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def commit() -> str:
    """Return the last commit that changed the library, with the suffix -dirty if its files differ from it."""

    def git(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(["git", *words, "--", "ltzoo"], cwd=ROOT, capture_output=True, text=True)

    found = git("log", "-1", "--format=%h", "--abbrev=10").stdout.strip()
    if not found:
        return "unknown"
    return f"{found}-dirty" if git("status", "--porcelain").stdout.strip() else found


def _versions(backend: str) -> dict[str, str]:
    found = {}
    for name in (backend, *_LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
