"""Groups of images by their folders or file names, in folders and tables."""

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import folds, from_directory, from_table
from ltzoo.data.grouping import group_rule, groups_of_paths


@pytest.fixture
def photos(tmp_path):
    """Two classes; the animals of a class have a folder with three photographs each."""
    for label, animals in (("ant", 4), ("owl", 6)):
        for animal in range(animals):
            folder = tmp_path / "photos" / label / f"{label}{animal}" / "day1"
            folder.mkdir(parents=True)
            for number in range(3):
                color = (20 * animal, 40 * number, 200 * (label == "ant"))
                Image.new("RGB", (9, 9), color).save(folder / f"cam{number}_{animal}.png")
    return tmp_path / "photos"


def load(photos, **arguments):
    return from_directory(photos, image_size=(8, 8), **arguments)


def animal_of(path):
    return path.split("/")[-3]


@pytest.mark.parametrize("rule", ["folder:1", "regex:^([a-z]+[0-9])/", "folder:-2"])
def test_held_out_images_are_whole_groups(photos, rule):
    dataset = load(photos, group_by=rule, validation_fraction=0.25)
    train, val = ({animal_of(path) for path in split.paths} for split in (dataset.train, dataset.val))
    assert not train & val and len(train | val) == 10
    assert np.bincount(dataset.val.labels).tolist() == [3, 3]
    for split in dataset.splits().values():
        assert len({(animal_of(p), g) for p, g in zip(split.paths, split.groups, strict=True)}) == len(
            set(split.groups.tolist())
        )
    for part in folds(dataset, 3):
        assert not {animal_of(p) for p in part.train.paths} & {animal_of(p) for p in part.test.paths}


def test_groups_may_span_classes(photos):
    dataset = load(photos, group_by="regex:(cam[0-9])", validation_fraction=0.3)
    cameras = [{path.split("/")[-1][:4] for path in split.paths} for split in (dataset.train, dataset.val)]
    assert not cameras[0] & cameras[1] and len(cameras[1]) == 1


def test_tables_take_the_same_rules(photos):
    paths = sorted(path.relative_to(photos).as_posix() for path in photos.glob("*/*/*/*.png"))
    table = {"path": paths, "label": [path.split("/")[0] for path in paths]}
    dataset = from_table(
        table, image_root=photos, group="folder:2", validation_fraction=0.25, image_size=(8, 8)
    )
    assert np.bincount(dataset.val.labels).tolist() == [3, 3]
    assert not {animal_of(p) for p in dataset.train.paths} & {animal_of(p) for p in dataset.val.paths}
    with pytest.raises(ValueError, match=r"`group` must have one group in parentheses"):
        from_table(table, group="regex:ant")


def test_images_without_a_group_are_alone():
    with pytest.warns(UserWarning, match=r"2 of 4 images have no group by 'folder:1'; .*such as 'x\.png'"):
        found = groups_of_paths("folder:1", {"train": ["b/x.png", "x.png"], "test": ["./b/y.png", "y.png"]})
    assert found["train"].tolist() == [0, 1] and found["test"].tolist() == [0, 2]
    with pytest.raises(
        ValueError, match=r"none of the 1 paths has one, such as 'x\.png'\. Received: 'folder:2'"
    ):
        groups_of_paths("folder:2", {"train": ["x.png"]})


def test_groups_on_both_sides_of_given_splits_are_counted(photos, tmp_path):
    split = tmp_path / "split"
    split.mkdir()
    photos.rename(split / "train")
    source = split / "train" / "ant" / "ant0"
    target = split / "test" / "ant" / "ant0"
    target.parent.mkdir(parents=True)
    target.mkdir()
    (source / "day1" / "cam0_0.png").rename(target / "cam0_0.png")
    with pytest.warns(UserWarning, match=r"1 of 1 test images are in groups that are also trained on"):
        load(split, group_by="folder:1", validation_fraction=0)


@pytest.mark.parametrize(
    "rule",
    [
        "folder",
        "folder:0",
        "folder:x",
        "folder:",
        "regex:",
        "regex:(",
        "regex:a",
        "regex:(a)(b)",
        "animal",
        "",
    ],
)
def test_wrong_rules_are_refused(photos, rule):
    with pytest.raises(ValueError, match=r"`group_by` must .*Received: group_by="):
        load(photos, group_by=rule)


def test_a_rule_is_a_string():
    with pytest.raises(TypeError, match=r"Received: group_by=3"):
        group_rule(3)
