"""Rows of the benchmarks' CSV files, one per run: reading, appending, origin, cells of tables."""

import csv
import hashlib
import json
import platform
import re
import statistics
import subprocess
from pathlib import Path

from ltzoo import recipes, shipped
from ltzoo.files import atomic_write

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results"
METRICS = ("top1", "many", "medium", "few", "balanced", "ece", "nll")


def read(path):
    """Return all rows of a CSV as dicts of strings; an empty list if there is no file."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def append(path, row, key):
    """Add a row; drop older rows with the same values in the columns `key` but another recipe hash."""
    rows = [
        old
        for old in read(path)
        if any(old[column] != str(row[column]) for column in key) or old["recipe_hash"] == row["recipe_hash"]
    ]
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])


def as_registered(rows, factor="100"):
    """Return the rows at an imbalance factor with an unchanged recipe and all training images."""
    return [
        row
        for row in rows
        if row["imbalance_factor"] == factor and row["overrides"] == "{}" and row["validation"] == "0"
    ]


def network(backbone):
    """Convert the column `backbone`, a name or JSON of a name and arguments, to `{"name": ..., arguments}`."""
    return json.loads(backbone) if backbone.startswith("{") else {"name": backbone}


def label(backbone):
    """Return the zoo's name of a network: resnet32, or resnet32x4 for four times the width."""
    arguments = network(backbone)
    name, width = arguments.pop("name"), arguments.pop("width_multiplier", 1)
    words = [
        f"{name}{'' if width == 1 else f'x{width:g}'}",
        *(f"{key}{value}" for key, value in arguments.items()),
    ]
    return re.sub(r"[^a-z0-9.]+", "_", "_".join(words)).strip("_")


def named(recipe, backbone):
    """Return the name of a recipe in a picture, with its network unless that is ResNet-32."""
    return recipe if label(backbone) == "resnet32" else f"{recipe} ({label(backbone)})"


def entry_name(name, backbone, factor="100"):
    """Return the zoo entry of a recipe on CIFAR-10-LT: METHOD_BACKBONE_DATASET, plus any factor other than 100."""
    return f"{name}_{label(backbone)}_cifar10_lt{'' if factor == '100' else f'_if{factor}'}"


def card(name, backbone, factor="100"):
    """Return the card of a recipe on CIFAR-10-LT as a dict, or None if the zoo has none."""
    entry = entry_name(name, backbone, factor)
    return shipped.read(entry) if entry in shipped.names() else None


def own_epochs(recipe):
    """Return the registered epochs of a recipe, in the form of the column `epochs`."""
    return "+".join(str(stage.epochs) for stage in recipes.get(recipe).stages)


def run_name(row):
    """Return the file name of a run, without suffix; any setting that changes the run changes it."""
    columns = ("recipe_hash", "backbone", "validation", "precision", "backend")
    digits = _digits([row[column] for column in columns])
    return f"{row['recipe']}-{label(row['backbone'])}-{row['imbalance_factor']}-{row['seed']}-{digits}"


def model_file(row):
    """Return the name of the file with the model of a row."""
    return f"{run_name(row)}.keras"


def recipe_hash(recipe):
    """Return twelve hexadecimal digits that change with any setting of a recipe."""
    return _digits(recipe.to_dict())


def _digits(values):
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def commit():
    """Return the current commit, with the suffix -dirty if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def device():
    """Return the name of the accelerator that Keras computes on, or of the processor."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        kind = jax.devices()[0].device_kind
        return f"CPU {platform.machine()}" if kind == "cpu" else kind
    if keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        if found:
            return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")
    return f"CPU {platform.machine()}"


def measured(result):
    """Return the columns of a `ltzoo.metrics.Result`."""
    values = {key: f"{getattr(result, key):.4f}" for key in METRICS}
    return {**values, "per_class": " ".join(f"{value:.4f}" for value in result.per_class)}


def rarest(row):
    """Return the mean accuracy, in percent, of the three classes with the fewest images."""
    return 100 * statistics.mean(float(value) for value in row["per_class"].split()[-3:])


def mean_and_spread(values):
    """Format the mean, with the sample standard deviation if there are several values; a dash for NaN."""
    values = list(values)
    mean = statistics.mean(values)
    if mean != mean:
        return "–"
    return f"{mean:.1f} ± {statistics.stdev(values):.1f}" if len(values) > 1 else f"{mean:.1f}"


def total(epochs):
    """Sum the epochs of all stages in the column `epochs`."""
    return sum(int(number) for number in epochs.split("+"))


def changes(overrides, precision="float32"):
    """Return the suffix of a recipe's name for the columns `overrides` and `precision`."""
    given = [] if overrides == "{}" else [overrides]
    return "".join(f" {text}" for text in (given if precision == "float32" else [*given, precision]))


def code(name):
    """Format a recipe's name and its changes as Markdown code."""
    return " ".join(f"`{part}`" for part in name.split(" ", 1))
