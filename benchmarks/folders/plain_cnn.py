"""A small network in plain Keras, as one writes it without this library.

    python -m benchmarks.folders.plain_cnn --data FOLDER --out RUN --image-size 128 --epochs 30 --seed 0

FOLDER has train/ and test/ with one folder per class. Three convolutions of 3x3 with 32, 64 and 128 filters, each
followed by ReLU and max-pooling, the first with stride 2 to save time; the mean over positions, a dense layer; Adam at
0.001, batches of 32, mirror images.
The loss is balanced softmax: cross-entropy of logits plus the logarithm of the class counts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from benchmarks.folders.outcome import save

WIDTHS = (32, 64, 128)


def network(size: int, classes: int) -> keras.Model:
    """Return a network from pixels 0..255 to logits."""
    features = inputs = keras.Input((size, size, 3))
    features = layers.RandomFlip("horizontal")(features)
    features = layers.Rescaling(1 / 127.5, -1.0)(features)
    for number, width in enumerate(WIDTHS):
        strides = 1 if number else 2
        features = layers.Conv2D(width, 3, strides, padding="same", activation="relu")(features)
        features = layers.MaxPooling2D()(features)
    features = layers.GlobalAveragePooling2D()(features)
    return keras.Model(inputs, layers.Dense(classes)(features))


def balanced_softmax(counts: np.ndarray):
    """Return the loss of integer labels and logits for the training images per class."""
    log_counts = np.log(counts).astype("float32")

    def loss(labels, logits):
        adjusted = ops.add(logits, log_counts)
        return keras.losses.sparse_categorical_crossentropy(labels, adjusted, from_logits=True)

    return loss


def main(words: list[str] | None = None) -> None:
    """Train, predict the test images and write `predictions.csv`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    keras.utils.set_random_seed(given.seed)
    train = read(given.data / "train", given.image_size, shuffle=True, seed=given.seed)
    test = read(given.data / "test", given.image_size, shuffle=False)
    counts = np.array([len(list((given.data / "train" / name).iterdir())) for name in train.class_names])
    model = network(given.image_size, len(counts))
    model.compile("adam", balanced_softmax(counts), metrics=["accuracy"])
    model.fit(train, epochs=given.epochs, verbose=2)
    probabilities = ops.convert_to_numpy(ops.softmax(model.predict(test, verbose=0)))
    save(given.out, given.data, test.file_paths, probabilities, test.class_names)


def read(folder: Path, size: int, **options):
    """Return Keras's dataset of a folder, with images squashed to a square."""
    return keras.utils.image_dataset_from_directory(
        folder, image_size=(size, size), batch_size=32, label_mode="int", **options
    )


if __name__ == "__main__":
    main()
