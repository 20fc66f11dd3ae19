"""ImageNet-LT: 1,000 classes with 1,280 to 5 training images."""

from __future__ import annotations

from pathlib import Path

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.published_lists import from_published_lists
from ltzoo.data.registry import IMAGENET_PIXELS, register


@register(
    lists={"train": "ImageNet_LT_train.txt", "val": "ImageNet_LT_val.txt", "test": "ImageNet_LT_test.txt"},
    num_classes=1000,
    num_train=115_846,
    pixel_statistics=IMAGENET_PIXELS,
)
def imagenet_lt(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    image_root: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    check: bool = False,
    skip_unreadable: bool = False,
) -> LongTailedDataset:
    """Load ImageNet-LT of Liu et al., "Large-Scale Long-Tailed Recognition in an Open World" (CVPR 2019).

    It has 115,846 training images of 1,000 classes. The 20,000 validation and 50,000 test images are
    balanced; the test images are ImageNet's own validation set.

    Args:
        imbalance_factor: must be None; the long tail is published and fixed.
        data_dir: folder with `ImageNet_LT_train.txt`, `ImageNet_LT_val.txt` and `ImageNet_LT_test.txt`
            ("path label" lines such as `train/n01440764/n01440764_190.JPEG 0`).
        seed: unused; nothing is random.
        image_root: folder with ImageNet's `train/` and `val/`; `data_dir` by default.
        image_size: `(height, width)` of the images.
        check: decode all images now, which takes long; otherwise only the first of each list.
        skip_unreadable: leave unreadable images out with a warning; implies `check`.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: `imbalance_factor` is given.
        UnreadableImageError, UnreadableImagesError: some images cannot be read.
    """
    return from_published_lists(
        "imagenet_lt",
        imbalance_factor=imbalance_factor,
        data_dir=data_dir,
        image_root=image_root,
        image_size=image_size,
        check=check,
        skip_unreadable=skip_unreadable,
    )
