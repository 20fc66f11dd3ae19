"""iNaturalist 2018: 8,142 species with 1,000 to 2 training images."""

from __future__ import annotations

from pathlib import Path

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.published_lists import from_published_lists, refuse_imbalance_factor
from ltzoo.data.registry import register
from ltzoo.data.tfds import from_tfds


@register(
    lists={"train": "iNaturalist18_train.txt", "test": "iNaturalist18_val.txt"},
    num_classes=8142,
    num_train=437_513,
    pixel_statistics=((0.466, 0.471, 0.380), (0.195, 0.194, 0.192)),
)
def inaturalist2018(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    source: str = "lists",
    image_root: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    check: bool = False,
    skip_unreadable: bool = False,
) -> LongTailedDataset:
    """Load iNaturalist 2018 of Van Horn et al., "The iNaturalist Species Classification and Detection Dataset".

    It has 437,513 training images of 8,142 species. As in the papers, the test split is the 24,426
    validation images, three per species.

    Args:
        imbalance_factor: must be None; the long tail is published and fixed.
        data_dir: with `source="lists"`, the folder with `iNaturalist18_train.txt` and `iNaturalist18_val.txt`
            ("path label" lines, paths such as `train_val2018/Aves/2761/....jpg`). With `source="tfds"`, the
            folder of TensorFlow Datasets, or None for its default.
        seed: unused; nothing is random.
        source: `"lists"`, or `"tfds"` for `i_naturalist2018` of TensorFlow Datasets (a 160 GB download whose
            class order differs from the lists).
        image_root: folder with `train_val2018/`; `data_dir` by default. Only for lists.
        image_size: `(height, width)` of the images.
        check: decode all images now, which takes long; otherwise only the first of each list. Only for lists.
        skip_unreadable: leave unreadable images out with a warning; implies `check`. Only for lists.

    Raises:
        FileNotFoundError: a list is missing.
        ValueError: `imbalance_factor` is given, or `source` is unknown.
        UnreadableImageError, UnreadableImagesError: some images cannot be read.
    """
    if source == "tfds":
        refuse_imbalance_factor("inaturalist2018", imbalance_factor)
        dataset = from_tfds(
            "i_naturalist2018", test_split="validation", image_size=image_size, data_dir=data_dir
        )
        dataset.name = "inaturalist2018"
        return dataset
    if source != "lists":
        raise ValueError(f"`source` must be 'lists' or 'tfds'. Received: source={source!r}")
    return from_published_lists(
        "inaturalist2018",
        imbalance_factor=imbalance_factor,
        data_dir=data_dir,
        image_root=image_root,
        image_size=image_size,
        check=check,
        skip_unreadable=skip_unreadable,
    )
