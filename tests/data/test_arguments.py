"""Wrong arguments of the ways to make a dataset: named, with what was received at the end."""

import os

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import ArraySplit, LongTailedDataset, from_directory, from_tfds, load

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def photos(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "0.png")
    return tmp_path


@pytest.mark.parametrize(
    "argument, value",
    [
        ("image_size", 64), ("image_size", ("a", "b")), ("image_size", (10**9, 10**9)), ("image_size", None),
        ("image_size", (8, 8, 3)), ("image_size", (8, 0)), ("image_size", (8.0, 8.0)), ("image_size", (True, True)),
        ("image_size", "88"), ("channels", 4), ("channels", "3"), ("channels", True), ("channels", None),
        ("validation_fraction", NAN), ("validation_fraction", 1), ("validation_fraction", -0.1),
        ("validation_fraction", "0.1"), ("validation_fraction", None), ("validation_fraction", True),
        ("test", 5), ("test", ""), ("test", b"x"), ("seed", NAN), ("seed", -1), ("seed", 1.5),
        ("seed", None), ("seed", 2**32), ("seed", "0"), ("check", "no"), ("check", None), ("skip_unreadable", 2),
        ("class_names", "ant"), ("class_names", 2), ("class_names", ["ant", "ant"]), ("class_names", ["ant", ""]),
        ("name", ""), ("name", 3),
    ],
)  # fmt: skip
def test_from_directory(photos, argument, value):
    with pytest.raises((ValueError, TypeError), match=rf"`{argument}` must .*Received: ") as caught:
        from_directory(photos, **{"image_size": (8, 8), argument: value})
    assert caught.traceback[-1].path.name in ("arguments.py", "checks.py", "directory.py")


@pytest.mark.parametrize("path", [None, 5, ["photos"], b"photos", "", "a\0b"])
def test_the_path_of_from_directory(path):
    with pytest.raises((ValueError, TypeError), match=r"`path` must be a path.*Received: path="):
        from_directory(path)


def test_the_home_of_an_unknown_user():
    with pytest.raises(
        (ValueError, FileNotFoundError), match=r"`path` .*Received: path='~nobody_here/photos'"
    ):
        from_directory("~nobody_here/photos")


def test_numpy_values_are_taken(photos):
    dataset = from_directory(
        photos,
        image_size=np.array([8, 8]),
        channels=np.int64(1),
        validation_fraction=np.float32(0),
        seed=np.int32(1),
        check=np.bool_(True),
        class_names=np.array(["bee", "ant"]),
    )
    assert dataset.image_shape == (8, 8, 1) and dataset.class_names == ("bee", "ant")


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_class_folder_whose_name_is_not_unicode(photos):
    os.rename(photos / "bee", os.fsencode(photos) + b"/caf\xe9")
    with pytest.raises(
        ValueError, match=r"`class_names` must be valid Unicode; rename .*Received: 'caf\\udce9'"
    ):
        from_directory(photos, image_size=(8, 8))


@pytest.mark.parametrize(
    "argument, value",
    [
        ("imbalance_factor", NAN), ("imbalance_factor", INF), ("imbalance_factor", "x"), ("imbalance_factor", 0.5),
        ("imbalance_factor", True), ("imbalance_factor", [10]), ("seed", NAN), ("seed", -1), ("seed", "0"),
        ("seed", 2**32), ("data_dir", 5), ("data_dir", ["x"]), ("data_dir", ""),
    ],
)  # fmt: skip
def test_load(argument, value):
    with pytest.raises((ValueError, TypeError), match=rf"`{argument}` must .*Received: {argument}="):
        load("digits_lt", **{argument: value})


@pytest.mark.parametrize("name", [None, ["digits_lt"], 5, {"name": "digits_lt"}])
def test_the_name_of_load(name):
    with pytest.raises(ValueError, match=r"`name` must be a dataset, .*Received: name="):
        load(name)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("name", None), ("name", ""), ("train_split", None), ("val_split", 5), ("test_split", ["test"]),
        ("image_key", None), ("label_key", 5), ("image_size", 64), ("image_size", (10**9, 10**9)), ("channels", 4),
        ("data_dir", 5), ("download", "no"),
    ],
)  # fmt: skip
def test_from_tfds(argument, value):
    with pytest.raises((ValueError, TypeError), match=rf"`{argument}` must .*Received: {argument}="):
        from_tfds(**{"name": "mnist", argument: value})


def split(labels):
    return ArraySplit(np.zeros((len(labels), 4, 4, 1), np.uint8), labels)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"name": None}, TypeError, r"`name` must .*Received: name=None"),
        ({"train": None}, TypeError, r"`train` must be a split .*Received: train of type NoneType"),
        ({"val": [1, 2]}, TypeError, r"`val` must be a split .*Received: val of type list"),
        ({"class_names": "ab"}, TypeError, r"`class_names` must be a list .*Received: class_names='ab'"),
        ({"class_names": ["a", " "]}, ValueError, r"`class_names` must not hold an empty name"),
        (
            {"train": split([0, 10**12])},
            ValueError,
            r"`train.labels` must number the classes without gaps.*label 1000000000000 at position 1",
        ),
        ({"train": split([0, 0])}, ValueError, r"two classes or more.*Received: class_names=\['0'\]"),
    ],
)
def test_a_dataset(arguments, error, message):
    with pytest.raises(error, match=message):
        LongTailedDataset(**{"name": "made up", "train": split([0, 1]), **arguments})
