"""Load the published images of CIFAR-10-LT, and a validation split."""

import numpy as np

import ltzoo
from ltzoo.class_counts import long_tail_counts
from ltzoo.data.cifar10_lt import CLASS_NAMES


def dataset_of(factor, options):
    """Return CIFAR-10-LT with the published images, and a validation split if `options.validation` is set."""
    if options.data_dir is not None:
        data = ltzoo.data.load("cifar10_lt", imbalance_factor=factor, data_dir=options.data_dir)
        train, test = data.train, data.test
        x, y = train.load(np.arange(len(train.labels))), train.labels
        x_test, y_test = test.load(np.arange(len(test.labels))), test.labels
    else:
        with np.load(options.npz) as stored:
            x, y, x_test, y_test = (stored[key] for key in ("x_train", "y_train", "x_test", "y_test"))
        # The subset of a larger factor takes the first images per class of a subset with a smaller factor.
        counts = long_tail_counts(5000, 10, factor)
        if np.any(np.bincount(y, minlength=10) < counts):
            raise SystemExit(
                f"`npz` must have the images of imbalance factor {factor:g} or less; use --data-dir instead. "
                f"Received: npz={options.npz}"
            )
        kept = np.concatenate([np.flatnonzero(y == c)[:count] for c, count in enumerate(counts)])
        x, y = x[kept], y[kept]
    y = np.asarray(y, "int64")
    held, more = validation_images(x, y, options) if options.validation else (np.zeros(len(y), bool), {})
    return ltzoo.data.from_arrays(
        x[~held], y[~held], x_test=x_test, y_test=y_test, class_names=CLASS_NAMES, name="cifar10_lt", **more
    )


def validation_images(x, y, options):
    """Return a mask of held-out images, and the images and labels to validate on."""
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
    """Return CIFAR-10's training images that are not among the images `x`, one array per class."""
    if options.data_dir is None:
        raise SystemExit(
            "`validation` of 1 or more needs --data-dir, because an --npz only has the subset. "
            f"Received: validation={options.validation:g}"
        )
    everything = ltzoo.data.load("cifar10_lt", imbalance_factor=1, data_dir=options.data_dir).train
    images, labels = everything.load(np.arange(len(everything.labels))), np.asarray(everything.labels)
    known = {image.tobytes() for image in x}
    new = np.array([image.tobytes() not in known for image in images])
    return [images[new & (labels == c)] for c in range(10)]
