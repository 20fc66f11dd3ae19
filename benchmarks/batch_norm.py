"""What Keras's own batch normalization costs beside `ltzoo.layers.BatchNormalization`: seconds of a training step.

    KERAS_BACKEND=tensorflow python benchmarks/batch_norm.py [--network resnet32] [--batch 64] [--output FILE]

Two equal classifiers in one process, one with the layers of Keras, take turns as in `method_overhead.py`; a third one,
like the first, shows what is noise. Ours uses the framework's fused operation (`ltzoo/fused_batch_norm.py`).
"""

import argparse
import os
from pathlib import Path

import keras
import numpy as np
from method_overhead import measure, model, table

import ltzoo

COUNTS = [100] * 10


def main():
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="resnet32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=30, help="steps of each")
    parser.add_argument("--output", type=Path, help="file that the table is added to")
    options = parser.parse_args()
    ours = ltzoo.backbones.get(options.network, seed=0)
    theirs = keras.models.clone_model(ours, clone_function=of_keras)
    models = {
        "ours": model(ours, 32, COUNTS),
        "ours, again": model(ltzoo.backbones.get(options.network, seed=0), 32, COUNTS),
        "Keras's": model(theirs, 32, COUNTS),
    }
    images = np.random.default_rng(0).integers(0, 256, (options.batch, 32, 32, 3)).astype("uint8")
    seconds = measure(models, images, np.arange(options.batch) % 10, options.rounds)
    text = (
        f"{options.network}, 32x32 images, batch {options.batch}, float32, {keras.backend.backend()}, "
        f"Keras {keras.__version__}, {os.cpu_count()} CPUs, {options.rounds} rounds\n\n{table(seconds)}\n"
    )
    print(text)
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(text + "\n")


def of_keras(layer):
    """The same layer; a batch normalization as Keras has it."""
    config = layer.get_config()
    if isinstance(layer, ltzoo.layers.BatchNormalization):
        del config["shifted"]
        return keras.layers.BatchNormalization.from_config(config)
    return type(layer).from_config(config)


if __name__ == "__main__":
    main()
