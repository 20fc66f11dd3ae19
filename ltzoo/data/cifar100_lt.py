"""Long-tailed CIFAR-100."""

from __future__ import annotations

from pathlib import Path

from ltzoo import shipped
from ltzoo.class_counts import validate_imbalance_factor
from ltzoo.data.cifar10_lt import PIXELS, make_long_tailed
from ltzoo.data.cifar_download import download_cifar
from ltzoo.data.cifar_files import images_and_labels, read_files, unpickle_batch
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.registry import register
from ltzoo.data.splits import ArraySplit

CLASS_NAMES = tuple(shipped.dataset("cifar100_lt")["class_names"])
_ARCHIVE = "cifar-100-python.tar.gz"


@register(pixel_statistics=PIXELS, num_classes=100, class_names=CLASS_NAMES)
def cifar100_lt(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    profile: str = "exponential",
) -> LongTailedDataset:
    """Load CIFAR-100 (Krizhevsky, 2009) with its 100 fine labels, made long-tailed in label order.

    Class c keeps `floor(500 * (1/F) ** (c/99))` training images, where F is the imbalance factor. With seed 0
    these are exactly the images of LDAM-DRW, BBN, GCL and MiSLAS (see `long_tail_subset`). The test split is
    the official one, with 10,000 balanced images. As in those papers, there is no validation split.

    Args:
        imbalance_factor: at least 1; None means 100. Papers use 10, 20, 50, 100 and 200.
        data_dir: the official folder `cifar-100-python`, the archive `cifar-100-python.tar.gz`, or the folder
            that holds either. None downloads through TensorFlow Datasets if installed, else Keras.
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
        train, test = download_cifar("cifar100", "label", f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}")
    else:
        files = read_files("cifar100_lt", data_dir, "cifar-100-python", _ARCHIVE, ("train", "test"))
        train, test = (
            ArraySplit(*images_and_labels(unpickle_batch(files[name], name), "fine_labels", name))
            for name in ("train", "test")
        )
    return make_long_tailed("cifar100_lt", train, test, CLASS_NAMES, factor, profile, seed)
