"""Datasets of Hugging Face: columns by type, lazily decoded images, splits, groups. With the library, or a stand-in."""

import io
import os

import numpy as np
import pytest
from PIL import Image as Pillow

from ltzoo.data import from_huggingface
from ltzoo.data.huggingface_split import HuggingFaceSplit

try:
    import datasets
except ImportError:
    datasets = None


class Image:
    """Stands for `datasets.Image`."""

    def __init__(self, decode=True):
        self.decode = decode


class ClassLabel:
    """Stands for `datasets.ClassLabel`."""

    def __init__(self, names):
        self.names = names


class Value:
    """Stands for `datasets.Value`."""

    def __init__(self, dtype):
        self.dtype = dtype


class Dataset:
    """Stands for `datasets.Dataset`: columns, and rows with undecoded images."""

    def __init__(self, columns, features):
        self.columns, self.features = columns, features
        self.column_names = list(columns)

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def cast_column(self, name, feature):
        return Dataset(self.columns, {**self.features, name: feature})

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.columns[key]
        row = {name: values[key] for name, values in self.columns.items()}
        for feature in self.features.values():
            if isinstance(feature, Image):
                assert not feature.decode, "decoded by the library"
        return row


def of_stand_in(columns, features):
    return Dataset(columns, features)


def of_library(columns, features):
    own = {Image: lambda f: datasets.Image(), ClassLabel: lambda f: datasets.ClassLabel(names=f.names),
           Value: lambda f: datasets.Value(f.dtype)}  # fmt: skip
    made = datasets.Features({name: own[type(feature)](feature) for name, feature in features.items()})
    return datasets.Dataset.from_dict(columns, features=made)


KINDS = [
    of_stand_in,
    pytest.param(of_library, marks=pytest.mark.skipif(datasets is None, reason="datasets is not installed")),
]
NAMES = ["ant", "bee", "cow"]


def png(number, size=(9, 7)):
    """An encoded image whose pixels are its number."""
    file = io.BytesIO()
    Pillow.new("RGB", size, (number, number, number)).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


def columns(counts, first=0, **more):
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    return {"photo": [png(first + n) for n in range(len(labels))], "species": labels, **more}


FEATURES = {"photo": Image(), "species": ClassLabel(NAMES)}


def load(dataset, **given):
    return from_huggingface(dataset, **{"image_size": (4, 4), **given})


def numbers(split):
    return split.load(np.arange(len(split)))[:, 2, 2, 0].tolist()


@pytest.mark.parametrize("make", KINDS)
def test_columns_are_found_by_type_and_images_are_decoded_when_read(make):
    dataset = load(make(columns([20, 10, 2]), FEATURES), validation_fraction=0.2, name="farm")
    assert dataset.class_names == ("ant", "bee", "cow") and dataset.name == "farm"
    assert dataset.class_counts.tolist() == [16, 8, 1]
    assert isinstance(dataset.train, HuggingFaceSplit) and dataset.image_shape == (4, 4, 3)
    assert sorted(numbers(dataset.train) + numbers(dataset.val)) == list(range(32))
    assert all(
        (n >= 20) + (n >= 30) == label
        for n, label in zip(numbers(dataset.train), dataset.train.labels, strict=True)
    )
    assert dataset.train.describe(0) == "farm train row " + str(numbers(dataset.train)[0])
    assert load(make(columns([3, 3, 3]), FEATURES), channels=1).image_shape == (4, 4, 1)


@pytest.mark.parametrize("make", KINDS)
def test_splits_are_found_in_any_spelling_or_named(make):
    parts = {"train": make(columns([4, 3, 2]), FEATURES), "validation": make(columns([1, 1, 1], 50), FEATURES),
             "test": make(columns([2, 2, 2], 100), FEATURES)}  # fmt: skip
    dataset = load(parts)
    assert numbers(dataset.val) == [50, 51, 52] and numbers(dataset.test) == list(range(100, 106))
    dataset = load(parts, splits={"train": "test", "test": "validation"}, validation_fraction=0)
    assert len(dataset.train) == 6 and dataset.val is None and numbers(dataset.test) == [50, 51, 52]
    with pytest.raises(ValueError, match="Did you mean 'validation'"):
        load(parts, splits={"train": "train", "val": "valdation"})
    with pytest.raises(ValueError, match="must give the training split"):
        load({"test": parts["test"]}, splits={"test": "test"})
    with pytest.raises(ValueError, match="`test_fraction` must not be given for data with a split"):
        load(parts, test_fraction=0.2)


@pytest.mark.parametrize("make", KINDS)
def test_names_as_labels_groups_and_a_share_for_testing(make):
    cameras = [f"camera {n % 8}" for n in range(32)]
    given = columns([16, 16], camera=cameras)
    given["species"] = [NAMES[label] for label in given["species"]]
    features = {"photo": Image(), "species": Value("string"), "camera": Value("string")}
    dataset = load(
        make(given, features), label="species", group="camera", test_fraction=0.25, validation_fraction=0.2
    )
    assert dataset.class_names == ("ant", "bee")
    parts = [{n % 8 for n in numbers(split)} for split in dataset.splits().values()]
    assert len(parts) == 3 and sum(map(len, parts)) == len(set.union(*parts)) == 8
    with pytest.raises(
        ValueError, match="`label` must name one of the columns .*'species' \\(Value\\).* none of them"
    ):
        load(make(given, features))


def test_equal_images_are_on_one_side():
    given = columns([40, 40])
    given = {"photo": given["photo"] + given["photo"], "species": given["species"] * 2}
    dataset = load(
        Dataset(given, {"photo": Image(), "species": ClassLabel(NAMES[:2])}),
        test_fraction=0.3,
        validation_fraction=0,
    )
    assert len(dataset.test) and not set(numbers(dataset.train)) & set(numbers(dataset.test))


def test_files_are_read_by_path_and_upright(tmp_path):
    path = tmp_path / "x.jpg"
    exif = Pillow.Exif()
    exif[0x0112] = 6
    picture = Pillow.new("RGB", (8, 4), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, 4, 4))
    picture.save(path, exif=exif, quality=100, subsampling=0)
    given = {"photo": [{"bytes": None, "path": str(path)}] * 2, "species": [0, 1]}
    dataset = load(
        Dataset(given, {"photo": Image(), "species": ClassLabel(NAMES[:2])}),
        image_size=(8, 4),
        validation_fraction=0,
    )
    image = dataset.train.load([0])[0]
    assert image[1, 2, 0] > 200 and image[6, 2, 2] > 200  # Turned: red above blue.


@pytest.mark.parametrize(
    "given, features, error, message",
    [
        ({"species": [0, -1]}, {}, ValueError, "train, row 1: the column 'species' must have a value"),
        ({"species": [0, None]}, {}, ValueError, "train, row 1: the column 'species' must have a value"),
        ({"photo": [png(0), None]}, {}, Exception, "the row has no image"),
        ({"photo": [png(0), {"bytes": b"x", "path": None}]}, {}, Exception, "images train row 1"),
        ({}, {"species": ClassLabel(NAMES)}, ValueError, "no training image for 1 of 3 classes: 'cow'"),
        ({}, {"photo": Value("string")}, ValueError, "`image` must name one of the columns"),
        ({"other": [png(1), png(2)]}, {"other": Image()}, ValueError, "since 2 of them are of type Image"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(given, features, error, message):
    made = Dataset(
        {**columns([1, 1]), **given}, {"photo": Image(), "species": ClassLabel(NAMES[:2]), **features}
    )
    with pytest.raises(error, match=message):
        load(made)


def test_other_things_are_refused():
    class IterableDataset:
        pass

    with pytest.raises(TypeError, match="without streaming=True.* Received: IterableDataset"):
        load(IterableDataset())
    with pytest.raises(TypeError, match="`dataset` must be"):
        load([1])
    made = Dataset(columns([2, 2, 2]), FEATURES)
    with pytest.raises(ValueError, match="`group` must be a column of every split"):
        load(made, group="camera")
    with pytest.raises(TypeError, match="arguments of load_dataset"):
        load(made, revision="main")
    with pytest.raises(ValueError, match="`splits` must be None for a single Dataset"):
        load(made, splits={"train": "train"})


@pytest.mark.skipif(datasets is not None, reason="datasets is installed")
def test_a_missing_library_is_named():
    with pytest.raises(ImportError, match='pip install "ltzoo\\[datasets\\]"'):
        from_huggingface("beans")


@pytest.mark.skipif(datasets is None, reason="datasets is not installed")
def test_a_folder_is_loaded_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    for name in ("ant", "bee"):
        os.makedirs(tmp_path / "photos" / name)
        for number in range(4):
            Pillow.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "photos" / name / f"{number}.png")
    made = from_huggingface(
        str(tmp_path / "photos"), image_size=(8, 8), validation_fraction=0, cache_dir=str(tmp_path / "cache")
    )
    assert made.class_names == ("ant", "bee") and made.class_counts.tolist() == [4, 4]
