"""Compare the seconds of a training step of each method with plain cross-entropy, in percent.

    KERAS_BACKEND=tensorflow python -m benchmarks.speed.method_overhead [--size cifar] [--batch 32] [--rounds 9] [...]

All models share one process and take turns, step by step, so that a change of the machine's load affects all of them.
Each step is compared with the cross-entropy steps before and after it in the same round. The table has the medians.
"cross-entropy, again" is a second model equal to the first, so its difference is noise. Sizes:

    cifar     ResNet-32, 32x32 images, 10 classes, batches of 32
    imagenet  ResNet-50, 224x224 images, 1000 classes with ImageNet-LT's 1280 to 5 images, batches of 8. Compares
              CAMC's second stage with re-training a dense classifier and with training the whole network. The
              optimizer's step over CAMC's prototypes (5 of 2048 numbers per tail class) takes as long for a batch
              of 8 as for the paper's 256: the larger `--batch`, the smaller its share.
"""

import argparse
import os
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

import ltzoo
from ltzoo.class_counts import long_tail_counts
from ltzoo.training import Recipe, Stage

PLAIN = "cross-entropy"
NORMALIZED = {"name": "normalized_dense"}
METHODS = {
    PLAIN: {},
    "cross-entropy, again": {},
    "balanced softmax": {"loss": {"name": "balanced_softmax"}},
    "label-aware smoothing": {"loss": {"name": "label_aware_smoothing"}},
    "LDAM": {"loss": {"name": "ldam"}, "head": NORMALIZED, "scale": 30.0},
    "GCL": {
        "loss": {"name": "gaussian_clouded_logit"},
        "head": NORMALIZED,
        "scale": 30.0,
        "cloud": {"noise_multiplier": 0.5},
    },
    "NBN": {"head": {"name": "rectified"}, "conversions": [{"name": "nbn"}]},
    "NBN in every layer": {"head": {"name": "rectified"}, "conversions": [{"name": "nbn", "placement": "C"}]},
}
RETRAINED = "dense classifier re-trained"
FROZEN = {"trainable": "head", "batch_norm": "frozen"}
LARGE_METHODS = {
    RETRAINED: FROZEN,
    "CAMC, stage 2": {"head": {"name": "camc"}, "scale": 16.0, **FROZEN},
    "cross-entropy, whole network": {},
}


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=("cifar", "imagenet"), default="cifar")
    parser.add_argument("--batch", type=int, help="images per step; default: 32 for cifar, 8 for imagenet")
    parser.add_argument("--rounds", type=int, default=60, help="steps per method")
    parser.add_argument("--output", type=Path, help="file to append the table to")
    options = parser.parse_args()
    small = options.size == "cifar"
    network, side, batch = ("resnet32", 32, 32) if small else ("resnet50", 224, 8)
    batch = options.batch or batch
    counts = long_tail_counts(5000, 10, 100) if small else long_tail_counts(1280, 1000, 256)
    methods = METHODS if small else LARGE_METHODS
    models = {name: model(network, side, counts, **changes) for name, changes in methods.items()}
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch, side, side, 3)).astype("uint8")
    labels = rng.integers(0, len(counts), batch)
    seconds = measure(models, images, labels, options.rounds)
    head = (
        f"{network}, {side}x{side} images, {len(counts)} classes, batch {batch}, float32, "
        f"{keras.backend.backend()}, Keras {keras.__version__}, Python {platform.python_version()}, "
        f"NumPy {version('numpy')}, {os.cpu_count()} {platform.machine()} CPUs, {options.rounds} rounds"
    )
    text = f"{head}\n\n{table(seconds)}\n"
    print(text)
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(text + "\n")


def model(network, side, counts, loss=None, head=None, conversions=(), **settings):
    """Return a classifier, compiled for its only stage."""
    stage = Stage(epochs=1, loss=loss or {"name": "cross_entropy"}, **settings)
    recipe = Recipe(name="measured", head=head or {"name": "dense"}, stages=(stage,), conversions=conversions)
    classifier = ltzoo.models.build(network, recipe, counts, input_shape=(side, side, 3))
    classifier.set_stage(0, steps_per_epoch=1)
    return classifier


def measure(models, images, labels, rounds):
    """Time every step of every model; the first model also runs before and after each of the others."""
    plain, *others = models
    for name in models:
        for _ in range(2):  # Build, compile and warm up.
            step(models[name], images, labels)
    seconds = {name: [] for name in others}
    for _ in range(rounds):
        before = step(models[plain], images, labels)
        for name in others:
            own = step(models[name], images, labels)
            after = step(models[plain], images, labels)
            seconds[name].append((own, (before + after) / 2))
            before = after
    return plain, seconds


def step(classifier, images, labels):
    """Run one step of the optimizer and return its seconds."""
    begin = time.perf_counter()
    classifier.train_on_batch(images, labels)
    return time.perf_counter() - begin


def table(measured):
    """Format median seconds, and the median ratio to the first model in percent above it."""
    plain, seconds = measured
    lines = [
        f"| | seconds per step | relative to {plain} | middle half |",
        "|---|--:|--:|--:|",
        f"| {plain} | {statistics.median(p for pairs in seconds.values() for _, p in pairs):.3f} | | |",
    ]
    for name, pairs in seconds.items():
        percents = [100 * (own / other - 1) for own, other in pairs]
        low, _, high = statistics.quantiles(percents, n=4)
        lines.append(
            f"| {name} | {statistics.median(own for own, _ in pairs):.3f} "
            f"| {statistics.median(percents):+.1f} % | {low:+.1f} to {high:+.1f} % |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
