"""iNaturalist 2017: 5,089 species."""

from __future__ import annotations

from pathlib import Path

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.published_lists import refuse_imbalance_factor
from ltzoo.data.registry import IMAGENET_PIXELS, register
from ltzoo.data.tfds import from_tfds


@register(num_classes=5089, num_train=579_184, pixel_statistics=IMAGENET_PIXELS)
def inaturalist2017(
    *,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    seed: int = 0,
    image_size: tuple[int, int] = (224, 224),
) -> LongTailedDataset:
    """Load iNaturalist 2017 of Van Horn et al., "The iNaturalist Species Classification and Detection Dataset".

    It has 579,184 training images of 5,089 species; the test split is its validation images, as in FSA (Chu et al.,
    ECCV 2020, Table 4). No list files are in use for it, so it comes from `i_naturalist2017` of TensorFlow Datasets
    (`pip install "ltzoo[tfds]"`), in its class order. The images belong to their photographers.

    Args:
        imbalance_factor: must be None; the long tail is published and fixed.
        data_dir: folder of TensorFlow Datasets. It must be given, because what is not prepared there is downloaded:
            more than 200 GB.
        seed: unused; nothing is random.
        image_size: `(height, width)` of the images.

    Raises:
        FileNotFoundError: `data_dir` is None.
        ImportError: `tensorflow_datasets` is not installed.
        ValueError: `imbalance_factor` is given.
    """
    refuse_imbalance_factor("inaturalist2017", imbalance_factor)
    if data_dir is None:
        raise FileNotFoundError(
            "`data_dir` must be the folder of TensorFlow Datasets for inaturalist2017; it is downloaded into there if "
            "it is missing. Received: data_dir=None"
        )
    dataset = from_tfds("i_naturalist2017", test_split="validation", image_size=image_size, data_dir=data_dir)
    dataset.name = "inaturalist2017"
    return dataset
