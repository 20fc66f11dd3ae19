"""A survey counts all images and looks at some, of every class."""

import numpy as np
import pytest
from PIL import Image

from ltzoo import data
from ltzoo.data.auditing.survey import survey


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two splits with 40, 9 and 1 or 2 images of three classes; the values of the pixels count them."""
    path = tmp_path_factory.mktemp("survey")
    rng = np.random.default_rng(0)
    for split, counts in (("train", {"a": 40, "b": 9, "c": 1}), ("test", {"a": 12, "c": 2})):
        for name, count in counts.items():
            (path / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (9, 9, 3)).astype("uint8")
                Image.fromarray(pixels).save(path / split / name / f"{number:03}.png")
    return path


@pytest.fixture(scope="module")
def dataset(folder):
    return data.from_directory(folder, check=False, validation_fraction=0.0, image_size=(16, 16))


def test_all_images_are_looked_at_if_they_are_few(dataset):
    found = survey(dataset)
    assert found.all_seen and found.looked_at == 64 and found.images == {"train": 50, "test": 14}
    assert found.counts.tolist() == [40, 9, 1] and found.test_counts.tolist() == [12, 0, 2]
    assert found.seconds_per_image > 0


def test_of_many_images_each_class_gives_neighbors(dataset):
    found = survey(dataset, most=20)
    assert not found.all_seen and found.counts.tolist() == [40, 9, 1] and found.images["train"] == 50
    images = found.audit.images
    train = images.labels[images.splits == 0]
    assert np.bincount(train).tolist() == [7, 7, 1] and 15 <= found.looked_at <= 20
    numbers = [int(path[-7:-4]) for path in images.paths[:7]]
    assert np.diff(numbers).tolist() == [1] * 6
    assert survey(dataset, most=20).audit.images.paths == images.paths
    least = survey(dataset, most=1).audit.images
    assert np.bincount(least.labels).min() >= 2  # Of both splits together.


def test_datasets_without_files_are_refused():
    from tests import tiny

    with pytest.raises(ValueError, match="a dataset of image files"):
        survey(tiny.dataset())
