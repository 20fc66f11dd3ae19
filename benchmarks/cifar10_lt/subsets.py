"""The published images of CIFAR-10-LT at an imbalance factor, and images to choose by."""

import numpy as np

import ltzoo
from ltzoo.class_counts import long_tail_counts
from ltzoo.data.cifar10_lt import CLASS_NAMES


def dataset_of(factor, options):
    """CIFAR-10-LT with the published images, and with a validation split where wanted."""
    if options.data_dir is not None:
        data = ltzoo.data.load("cifar10_lt", imbalance_factor=factor, data_dir=options.data_dir)
        train, test = data.train, data.test
        x, y = train.load(np.arange(len(train.labels))), train.labels
        x_test, y_test = test.load(np.arange(len(test.labels))), test.labels
    else:
        with np.load(options.npz) as stored:
            x, y, x_test, y_test = (stored[key] for key in ("x_train", "y_train", "x_test", "y_test"))
        # A subset of a larger factor is the first images of every class of one with a smaller factor.
        counts = long_tail_counts(5000, 10, factor)
        if np.any(np.bincount(y, minlength=10) < counts):
            raise SystemExit(f"{options.npz} has too few images for imbalance factor {factor:g}.")
        kept = np.concatenate([np.flatnonzero(y == c)[:count] for c, count in enumerate(counts)])
        x, y = x[kept], y[kept]
    y = np.asarray(y, "int64")
    held, more = validation_images(x, y, options) if options.validation else (np.zeros(len(y), bool), {})
    return ltzoo.data.from_arrays(
        x[~held], y[~held], x_test=x_test, y_test=y_test, class_names=CLASS_NAMES, name="cifar10_lt", **more
    )


def validation_images(x, y, options):
    """Which of the images are held out, and the images and labels to validate on."""
    counts = np.bincount(y, minlength=10)
    if options.validation < 1:
        wanted, others = np.maximum(1, np.round(options.validation * counts)).astype(int), [x[:0]] * 10
    else:
        wanted, others = np.full(10, round(options.validation)), left_out(x, options)
    held, chosen = np.zeros(len(y), bool), []
    for c, number in enumerate(wanted):
        taken = others[c][:number]
        cut = np.flatnonzero(y == c)[counts[c] - (number - len(taken)) :]
        held[cut] = True
        chosen += [taken, x[cut]]
    return held, {"x_val": np.concatenate(chosen), "y_val": np.repeat(np.arange(10), wanted)}


def left_out(x, options):
    """CIFAR-10's training images that are not among the images x, one array a class."""
    if options.data_dir is None:
        raise SystemExit("--validation with a number of images needs --data-dir: --npz has the subset only.")
    everything = ltzoo.data.load("cifar10_lt", imbalance_factor=1, data_dir=options.data_dir).train
    images, labels = everything.load(np.arange(len(everything.labels))), np.asarray(everything.labels)
    known = {image.tobytes() for image in x}
    new = np.array([image.tobytes() not in known for image in images])
    return [images[new & (labels == c)] for c in range(10)]
