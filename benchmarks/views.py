"""What averages over views add in prediction: `python benchmarks/views.py MODEL ... --data-dir cifar-10-batches-py`.

Accuracy of models with the conversion `flip_average` from an image alone, with its mirror image, and with shifts by 1
and 2 pixels; of several models also that of their mean probabilities. The models are names of the zoo, on the test
images, or files that `cifar_lt.py --weights` wrote; with `--validation` on the images that those were not trained on.
`--left-out 400` takes instead as many images of every class that has them among CIFAR-10's training images outside of
CIFAR-10-LT: what chooses between models of whole trainings (at a factor of 100 there are none of the largest class).
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from cifar_subsets import dataset_of, left_out

import ltzoo
from ltzoo.layers import FlipAverage

SHIFTS = (None, 0, 1, 2)


def main():
    """Prints a line a model; a star is at what the model itself does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder cifar-10-batches-py")
    parser.add_argument("--factor", type=float, default=100.0)
    parser.add_argument("--validation", type=float, default=0.0, help="what cifar_lt.py was run with")
    parser.add_argument("--left-out", type=int, default=0, help="images a class")
    options = parser.parse_args()
    options.npz = None
    data = dataset_of(options.factor, options)
    images, labels = images_of(data, options)
    together = {}
    for name in options.models:
        own = layer_of(load(name)).shift
        print(f"{Path(name).name:44s}", end="")
        for shift in SHIFTS:
            found = probabilities(name, shift, images)
            together[shift] = together.get(shift, 0) + found
            star = "*" if shift == own else ""
            print(f" {title(shift)}{star} {accuracy(found, labels):.2f}", end=" ", flush=True)
        print(flush=True)
    if len(options.models) > 1:
        columns = [f" {title(shift)} {accuracy(found, labels):.2f} " for shift, found in together.items()]
        print(f"{'together':44s}{''.join(columns)}")


def images_of(data, options):
    """What is classified, and its labels."""
    if options.left_out:
        trained = data.train.load(np.arange(len(data.train.labels)))
        parts = [part[: options.left_out] for part in left_out(trained, options)]
        whole = [c for c, part in enumerate(parts) if len(part) == options.left_out]
        return np.concatenate([parts[c] for c in whole]), np.repeat(whole, options.left_out)
    split = data.val if options.validation else data.test
    return split.load(np.arange(len(split.labels))), np.asarray(split.labels)


def load(name):
    """A model of the zoo or of a file."""
    return keras.saving.load_model(name) if Path(name).suffix == ".keras" else ltzoo.models.load(name)


def layer_of(model):
    """The layer that averages."""
    return next(layer for layer in model._flatten_layers() if isinstance(layer, FlipAverage))


def title(shift):
    """What a column is called."""
    return {None: "alone", 0: "mirror image"}.get(shift, f"shift {shift}")


def probabilities(name, shift, images):
    """Those of a model; `shift` None for the image alone."""
    model = load(name)
    layer = layer_of(model)
    if shift is None:
        layer.averages = False
    else:
        layer.shift = shift
    logits = model.predict(images, batch_size=500, verbose=0)
    keras.backend.clear_session(free_memory=True)
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


def accuracy(found, labels):
    """In percent."""
    return 100 * np.mean(found.argmax(-1) == labels)


if __name__ == "__main__":
    main()
