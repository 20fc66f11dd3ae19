"""The sets that come as list files: ImageNet-LT, Places-LT, iNaturalist 2018."""

import re

import pytest
from PIL import Image

from ltzoo.data import UnreadableImageError, load

PUBLISHED = {
    "imagenet_lt": {
        "train": "ImageNet_LT_train.txt",
        "val": "ImageNet_LT_val.txt",
        "test": "ImageNet_LT_test.txt",
    },
    "places_lt": {"train": "Places_LT_train.txt", "val": "Places_LT_val.txt", "test": "Places_LT_test.txt"},
    "inaturalist2018": {"train": "iNaturalist18_train.txt", "test": "iNaturalist18_val.txt"},
}


def write(folder, lists):
    for path in ("a/0.jpg", "a/1.jpg", "b/0.jpg", "b/1.jpg"):
        (folder / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30)).save(folder / path)
    for split, name in lists.items():
        (folder / name).write_text("a/0.jpg 0\na/1.jpg 0\nb/0.jpg 1\n" if split == "train" else "b/1.jpg 1\n")


@pytest.mark.parametrize("name", PUBLISHED)
def test_lists_and_images_in_one_folder(tmp_path, name):
    write(tmp_path, PUBLISHED[name])
    with pytest.warns(UserWarning, match=rf"{name} has [0-9]+ training images .* found 3 in 2"):
        dataset = load(name, data_dir=tmp_path)
    assert dataset.name == name and dataset.class_counts.tolist() == [2, 1]
    assert list(dataset.splits()) == list(PUBLISHED[name])
    assert dataset.image_shape == (224, 224, 3) and dataset.class_names == ("a", "b")


@pytest.mark.filterwarnings("ignore:.*as published")
@pytest.mark.parametrize("name", PUBLISHED)
def test_images_elsewhere_and_another_size(tmp_path, name):
    lists, images = tmp_path / "lists", tmp_path / "images"
    lists.mkdir(), images.mkdir()
    write(lists, PUBLISHED[name])
    write(images, PUBLISHED[name])
    for folder in ("a", "b"):
        for path in (lists / folder).iterdir():
            path.unlink()
    dataset = load(name, data_dir=lists, image_root=images, image_size=(16, 16), check=True)
    assert dataset.train.load([0]).shape == (1, 16, 16, 3)
    with pytest.raises(UnreadableImageError, match=r"no such file"):
        load(name, data_dir=lists)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_missing_data_dir_or_list_is_named(tmp_path, name):
    train = re.escape(PUBLISHED[name]["train"])
    with pytest.raises(FileNotFoundError, match=rf"{train}.*Received: data_dir=None"):
        load(name)
    with pytest.raises(FileNotFoundError, match=rf"{train} is missing. Received: data_dir="):
        load(name, data_dir=tmp_path)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_tail_is_fixed(tmp_path, name):
    with pytest.raises(ValueError, match=rf"must be None for {name}.*Received: imbalance_factor=10"):
        load(name, imbalance_factor=10, data_dir=tmp_path)


def test_an_unknown_source_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"'lists' or 'tfds'. Received: source='web'"):
        load("inaturalist2018", data_dir=tmp_path, source="web")
