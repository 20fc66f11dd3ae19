"""Training, validation and test folders are found in any spelling; what looks like them is refused."""

import os
import warnings

import pytest
from PIL import Image

from ltzoo.data import from_directory
from ltzoo.data.split_names import split_role


def fill(folder, classes=("ant", "bee"), images=3, first=0):
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(images):
            Image.new("L", (8, 8), first + number).save(folder / name / f"{number}.png")
    return folder


def load(path, **arguments):
    return from_directory(path, image_size=(8, 8), channels=1, **arguments)


@pytest.mark.parametrize(
    "names, role",
    [
        (
            "train Train TRAIN training trn train_set TrainSet trainset training-data train2017 01_train",
            "train",
        ),
        (
            "images_train train(1) 训练集 Trainingsdaten Trainingsbilder Тренировка train_jpg 学習データ",
            "train",
        ),
        ("val valid VALIDATION dev val_images validation-set Validación Validierungsdaten", "val"),
        ("test Testing tst test_set testData eval evaluation Test2 测试 Testdatensatz dati_test", "test"),
        ("trainer contest interval cats cats_train latest station device", None),
    ],
)
def test_spellings(names, role):
    assert {name: split_role(name) for name in names.split()} == dict.fromkeys(names.split(), role)
    assert split_role("training images") == "train"


@pytest.mark.parametrize(
    "folders",
    [
        ("Training", None, "Testing"),
        ("TRAIN", "VAL", "TEST"),
        ("train_set", None, "test_set"),
        ("training_data", "dev", "eval"),
        ("train2017", "val2017", "tst"),
        ("train", "valid", None),
        ("train/train", None, "test/test"),
        ("archive/train", None, "archive/test"),
        ("a/b/c/Train Set", "a/b/c/Validation Set", "a/b/c/Test Set"),
        ("seg/train/images", "seg/val/images", "seg/test/images"),
    ],
)
def test_splits_are_found_in_any_spelling_and_below_wrapping_folders(tmp_path, folders):
    for folder, images in zip(folders, (5, 2, 3), strict=True):
        if folder is not None:
            fill(tmp_path / folder, images=images)
    (tmp_path / "README.md").write_text("about")
    dataset = load(tmp_path, validation_fraction=0)
    assert dataset.class_names == ("ant", "bee") and dataset.class_counts.tolist() == [5, 5]
    assert (dataset.val is not None, dataset.test is not None) == (
        folders[1] is not None,
        folders[2] is not None,
    )
    if folders[1] is not None:
        assert len(dataset.val) == 4
    if folders[2] is not None:
        assert len(dataset.test) == 6


def test_wrapping_folders_around_classes_are_entered(tmp_path):
    fill(tmp_path / "photos" / "archive" / "all")
    (tmp_path / "photos" / "LICENSE").write_text("free")
    dataset = load(tmp_path / "photos")
    assert dataset.name == "photos" and dataset.class_names == ("ant", "bee")


def test_folders_without_images_next_to_the_splits_do_not_matter(tmp_path):
    fill(tmp_path / "train"), fill(tmp_path / "test")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "boxes.xml").write_text("<a/>")
    assert len(load(tmp_path).test) == 6


def test_a_class_of_a_split_may_be_the_only_one_there(tmp_path):
    fill(tmp_path / "train"), fill(tmp_path / "test", ["bee"])
    (tmp_path / "test" / "bee" / "more").mkdir()
    (tmp_path / "test" / "bee" / "0.png").rename(tmp_path / "test" / "bee" / "more" / "0.png")
    assert load(tmp_path).test.labels.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "folders, message",
    [
        (["val/ant", "val/bee", "test/ant", "test/bee"], r"must have a training folder .* no train/$"),
        (["test/ant", "test/bee"], r"must have a training folder .* with test/ and no train/$"),
        (["train/ant", "Train/ant"], r"one folder per split; .* those for train,"),
        (["train/ant", "valid/ant", "val/ant"], r"one folder per split; .* those for val,"),
        (["train/ant", "test/ant", "ant"], r"not both; .* with test/ and ant/$"),
        (["cat", "dog", "test/cat", "test/dog"], r"not both; .* with test/ and cat/$"),
        (["train/ant", "test/ant", "pred"], r"not both; .* and pred/$"),
        (["train", "test", "car"], r"not both; .* and car/$"),
        (["train/ant", "train/bee", "test"], r"test must hold one subfolder of images per class"),
        (["train", "test/ant"], r"train must hold one subfolder of images per class"),
        (["seg_train/a", "seg_test/a", "seg_pred"], r"look like splits .* with seg_test/ and seg_train/$"),
        (["cats_train", "cats_test"], r"look like splits .* with cats_test/ and cats_train/$"),
        (["catsTrain", "catsTest"], r"look like splits"),
        (["train_cats", "test_cats"], r"look like splits"),
        (
            ["cat/train", "cat/test", "dog/train", "dog/test"],
            r"classes inside.* with splits inside of cat/, dog/$",
        ),
        (["a/train/cat", "b/test/cat"], r"classes inside.* with splits inside of a/, b/$"),
    ],
)
def test_other_layouts_that_look_like_splits_are_refused(tmp_path, folders, message):
    for folder in folders:
        fill(tmp_path, [folder])
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    "classes",
    [("car", "plane", "train"), ("bus", "test"), ("bullet_train", "crash_test"), ("contest", "interval")],
)
def test_classes_may_be_named_like_splits(tmp_path, classes):
    assert load(fill(tmp_path, classes)).class_names == classes
    splits = tmp_path / "other"
    fill(splits / "train", classes), fill(splits / "test", classes)
    assert load(splits).class_names == classes


def test_a_class_that_may_be_a_folder_of_test_images_is_said(tmp_path):
    fill(tmp_path, ["ant", "bee", "test"])
    with pytest.warns(UserWarning, match=r"^test/ of .* is taken as a class .* move it out"):
        assert load(tmp_path).class_names == ("ant", "bee", "test")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(tmp_path, class_names=["ant", "bee", "test"]).num_classes == 3
        (tmp_path / "test").rename(tmp_path / "train")
        assert load(tmp_path).class_names == ("ant", "bee", "train")


def test_class_names_say_that_folders_are_classes(tmp_path):
    fill(tmp_path, ["test", "train"])
    with pytest.raises(ValueError, match=r"pass their names as `class_names`"):
        load(tmp_path)
    assert load(tmp_path, class_names=["train", "test"]).class_names == ("train", "test")


def test_unknown_words_with_the_structure_of_splits_are_said(tmp_path):
    fill(tmp_path / "known"), fill(tmp_path / "unknown")
    with pytest.warns(
        UserWarning, match=r"known/, unknown/ .* taken as the classes, although each of them has the same"
    ):
        assert load(tmp_path).class_names == ("known", "unknown")


def test_a_test_folder_in_the_same_folder_is_no_class(tmp_path):
    fill(tmp_path), fill(tmp_path / "exam", images=2, first=9)
    dataset = load(tmp_path, test=tmp_path / "exam", validation_fraction=0)
    assert (
        dataset.class_names == ("ant", "bee")
        and dataset.class_counts.tolist() == [3, 3]
        and len(dataset.test) == 4
    )


def test_a_wrapped_test_folder_elsewhere(tmp_path):
    fill(tmp_path / "seg_train" / "seg_train"), fill(tmp_path / "seg_test" / "seg_test", images=1, first=9)
    dataset = load(tmp_path / "seg_train", test=tmp_path / "seg_test", validation_fraction=0)
    assert (len(dataset.train), len(dataset.test)) == (6, 2)


@pytest.mark.parametrize("link", ["test", "test/ant"])
def test_splits_that_are_the_same_folder_are_refused(tmp_path, link):
    fill(tmp_path / "train")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    os.symlink(tmp_path / "train" / link.removeprefix("test").strip("/"), tmp_path / link)
    with pytest.raises(
        ValueError, match=r"are trained on and tested. Received: .* which are the same folder"
    ):
        load(tmp_path)


def test_a_test_image_that_links_to_a_training_image_is_refused(tmp_path):
    fill(tmp_path / "train"), fill(tmp_path / "test", images=1)
    os.symlink(tmp_path / "train" / "ant" / "0.png", tmp_path / "test" / "ant" / "9.png")
    with pytest.raises(ValueError, match=r"Received: 1 of 3 test images that are trained on"):
        load(tmp_path)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_never_makes_a_training_image_a_validation_image(tmp_path, link):
    fill(tmp_path, images=6)
    for number in range(3):
        link(tmp_path / "ant" / f"{number}.png", tmp_path / "ant" / f"more{number}.png")
    for seed in range(4):
        with pytest.warns(UserWarning, match=r"3 of 15 train images are repeats and count again"):
            dataset = load(tmp_path, validation_fraction=0.4, seed=seed)
        assert len(dataset.train) + len(dataset.val) == 15
        trained = {os.stat(path).st_ino for path in dataset.train.paths}
        assert trained.isdisjoint(os.stat(path).st_ino for path in dataset.val.paths)
        assert {0, 1} == set(dataset.val.labels)


def test_a_hard_link_to_a_training_image_is_refused(tmp_path):
    fill(tmp_path / "train"), fill(tmp_path / "test", images=1)
    os.link(tmp_path / "train" / "ant" / "2.png", tmp_path / "test" / "ant" / "9.png")
    with pytest.raises(ValueError, match=r"Received: 1 of 3 test images that are trained on, such as"):
        load(tmp_path)


def test_links_to_images_of_a_pool_are_read(tmp_path):
    pool = fill(tmp_path / "pool", images=4)
    for split, numbers in (("train", (0, 1, 2)), ("test", (3,))):
        for name in ("ant", "bee"):
            (tmp_path / "links" / split / name).mkdir(parents=True)
            for number in numbers:
                os.symlink(pool / name / f"{number}.png", tmp_path / "links" / split / name / f"{number}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = load(tmp_path / "links", validation_fraction=0)
    assert (len(dataset.train), len(dataset.test)) == (6, 2)


def test_one_class_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"two classes or more.*Received: class_names=\['ant'\]"):
        load(fill(tmp_path, ["ant"]))
