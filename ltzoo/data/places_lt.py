"""Places-LT: 365 classes with 4,980 to 5 training images."""

from __future__ import annotations

from pathlib import Path

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.published_lists import from_published_lists
from ltzoo.data.registry import IMAGENET_PIXELS, register


@register(
    lists={"train": "Places_LT_train.txt", "val": "Places_LT_val.txt", "test": "Places_LT_test.txt"},
    num_classes=365,
    num_train=62_500,
    pixel_statistics=IMAGENET_PIXELS,
)
def places_lt(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    image_root: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    check: bool = False,
    skip_unreadable: bool = False,
) -> LongTailedDataset:
    """Load Places-LT of Liu et al., "Large-Scale Long-Tailed Recognition in an Open World" (CVPR 2019).

    It has 62,500 training images of 365 classes. The 7,300 validation and 36,500 test images are balanced.

    Args:
        imbalance_factor: must be None; the long tail is published and fixed.
        data_dir: folder with `Places_LT_train.txt`, `Places_LT_val.txt` and `Places_LT_test.txt`
            ("path label" lines such as `data_256/a/airfield/00000001.jpg 0`).
        seed: unused; nothing is random.
        image_root: folder with the `data_256/` and `val_256/` of Places365; `data_dir` by default.
        image_size: `(height, width)` of the images.
        check: decode all images now, which takes long; otherwise only the first of each list.
        skip_unreadable: leave unreadable images out with a warning; implies `check`.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: `imbalance_factor` is given.
        UnreadableImageError, UnreadableImagesError: some images cannot be read.
    """
    return from_published_lists(
        "places_lt",
        imbalance_factor=imbalance_factor,
        data_dir=data_dir,
        image_root=image_root,
        image_size=image_size,
        check=check,
        skip_unreadable=skip_unreadable,
    )
