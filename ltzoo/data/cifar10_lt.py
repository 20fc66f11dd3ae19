"""Long-tailed CIFAR-10."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ltzoo import shipped
from ltzoo.class_counts import long_tail_counts, validate_imbalance_factor
from ltzoo.data.cifar_download import download_cifar
from ltzoo.data.cifar_files import images_and_labels, read_files, unpickle_batch
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.registry import register
from ltzoo.data.splits import ArraySplit
from ltzoo.data.subset import long_tail_subset

CLASS_NAMES = tuple(shipped.dataset("cifar10_lt")["class_names"])
# The constants of published long-tailed code. The deviations are means of per-image deviations.
PIXELS = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
_TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
_ARCHIVE = "cifar-10-python.tar.gz"


@register(pixel_statistics=PIXELS, num_classes=10, class_names=CLASS_NAMES)
def cifar10_lt(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    profile: str = "exponential",
) -> LongTailedDataset:
    """Load CIFAR-10 (Krizhevsky, 2009) made long-tailed, from airplane (head) to truck (tail).

    Class c keeps `floor(5000 * (1/F) ** (c/9))` training images, where F is the imbalance factor. With seed 0
    these are exactly the images of LDAM-DRW, BBN, GCL and MiSLAS (see `long_tail_subset`). The test split is
    the official one, with 10,000 balanced images. As in those papers, there is no validation split.

    Args:
        imbalance_factor: at least 1; None means 100. Papers use 10, 20, 50, 100 and 200.
        data_dir: the official folder `cifar-10-batches-py`, the archive `cifar-10-python.tar.gz`, or the
            folder that holds either. None downloads through TensorFlow Datasets if installed, else Keras.
        seed: selects the images; 0 selects the published ones.
        profile: `"exponential"`, `"step"` or `"pareto"`.

    Returns:
        A `LongTailedDataset` in memory with images `(32, 32, 3)`.

    Raises:
        ValueError: the factor is below 1, the profile is unknown, or the files are not the official ones.
        FileNotFoundError: `data_dir` lacks the files.
        OSError: the download fails.
    """
    factor = validate_imbalance_factor(100 if imbalance_factor is None else imbalance_factor)
    if data_dir is None:
        url = f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}"
        train, test = download_cifar("cifar10", "label", url)
    else:
        train, test = _read(data_dir)
    return make_long_tailed("cifar10_lt", train, test, CLASS_NAMES, factor, profile, seed)


def make_long_tailed(
    name: str,
    train: ArraySplit,
    test: ArraySplit,
    class_names: tuple[str, ...],
    imbalance_factor: float,
    profile: str,
    seed: int,
) -> LongTailedDataset:
    """Reduce the training split to a long-tailed subset.

    The largest class keeps as many images as the smallest class of `train` has.
    """
    largest = int(np.bincount(train.labels, minlength=len(class_names)).min())
    counts = long_tail_counts(largest, len(class_names), imbalance_factor, profile)
    subset = train.subset(long_tail_subset(train.labels, counts, seed))
    return LongTailedDataset(name, subset, test=test, class_names=class_names)


def _read(data_dir: Path) -> tuple[ArraySplit, ArraySplit]:
    files = read_files("cifar10_lt", data_dir, "cifar-10-batches-py", _ARCHIVE, (*_TRAIN_FILES, "test_batch"))
    batches = {
        name: images_and_labels(unpickle_batch(data, name), "labels", name) for name, data in files.items()
    }
    train = [batches[name] for name in _TRAIN_FILES]
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return ArraySplit(images, labels), ArraySplit(*batches["test_batch"])
