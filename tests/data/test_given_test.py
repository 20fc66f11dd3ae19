"""Test images from a folder or table apart, or held out of the training images."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import from_directory, from_table
from ltzoo.data.copies import copies_of, first_contents


def fill(folder, counts, first=0):
    """Images of distinct content: the first pixel counts them, over all classes."""
    number = first
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            pixels = np.full((8, 8), 9, np.uint8)
            pixels[0, 0], pixels[0, 1] = divmod(number, 256)
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
            number += 1
    return folder


def load(path, **arguments):
    return from_directory(path, image_size=(8, 8), channels=1, **arguments)


def table(folder, counts, name="table.csv", extra=lambda label, index: ""):
    rows = [f"{n}/{i}.png,{n}{extra(n, i)}\n" for n, count in counts.items() for i in range(count)]
    heading = "path,label" + (",group" if extra("", 0) else "")
    (folder / name).write_text(heading + "\n" + "".join(rows))
    return folder / name


@pytest.fixture
def farm(tmp_path):
    return fill(tmp_path / "farm", {"ant": 30, "bee": 10, "cow": 1})


def numbers(split):
    """What tells the images apart, whatever their paths."""
    pixels = split.load(np.arange(len(split)))[..., 0].astype(int)
    return set((256 * pixels[:, 0, 0] + pixels[:, 0, 1]).tolist())


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_a_share_of_each_class_is_tested_and_never_trained_on(farm, kind):
    counts = {"ant": 30, "bee": 10, "cow": 1}
    make = load if kind == "folder" else lambda path, **a: from_table(
        table(path, counts), image_size=(8, 8), channels=1, **a
    )  # fmt: skip
    with pytest.warns(UserWarning, match="1 of 3 classes have no test images.*'cow'"):
        dataset = make(farm, test_fraction=0.2, seed=3)
    assert np.bincount(dataset.test.labels, minlength=3).tolist() == [6, 2, 0]
    assert np.bincount(dataset.val.labels, minlength=3).tolist() == [2, 1, 0]  # a tenth of what remains
    parts = [numbers(split) for split in (dataset.train, dataset.val, dataset.test)]
    assert sum(map(len, parts)) == 41 == len(set.union(*parts))
    with pytest.warns(UserWarning, match="no test images"):
        again = make(farm, test_fraction=0.2, seed=3)
        other = make(farm, test_fraction=0.2, seed=4)
    assert again.test.paths == dataset.test.paths != other.test.paths


def test_a_share_is_taken_of_the_training_folder_where_there_is_a_validation_folder(tmp_path):
    fill(tmp_path / "train", {"ant": 20, "bee": 10})
    fill(tmp_path / "validation", {"ant": 2, "bee": 2}, first=100)
    dataset = load(tmp_path, test_fraction=0.5)
    assert [len(split) for split in (dataset.train, dataset.val, dataset.test)] == [15, 4, 15]
    assert all("validation" in path for path in dataset.val.paths)


def test_groups_stay_whole_in_all_three_splits(tmp_path):
    for nest in range(6):
        fill(tmp_path / f"{nest}", {"ant": 5, "bee": 5}, first=20 * nest)
        for name in ("ant", "bee"):
            (tmp_path / "farm" / name).mkdir(parents=True, exist_ok=True)
            os.rename(tmp_path / f"{nest}" / name, tmp_path / "farm" / name / f"nest{nest}")
    dataset = load(tmp_path / "farm", group_by="folder:1", test_fraction=0.2, validation_fraction=0.2)
    nests = [
        {os.path.basename(os.path.dirname(path)) for path in split.paths}
        for split in dataset.splits().values()
    ]
    assert len(nests) == 3 and sum(map(len, nests)) == len(set.union(*nests)) == 6
    assert dataset.test.groups is not None and not np.isin(dataset.test.groups, dataset.train.groups).any()


def test_copies_of_a_file_are_on_one_side(tmp_path):
    fill(tmp_path, {"ant": 40, "bee": 40})
    for index in range(40):
        source = (tmp_path / "ant" / f"{index}.png").read_bytes()
        (tmp_path / "ant" / f"copy of {index}.png").write_bytes(source)
    dataset = load(tmp_path, test_fraction=0.3, validation_fraction=0)
    assert len(dataset.test) and not numbers(dataset.train) & numbers(dataset.test)


@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_apart(farm, tmp_path, inside):
    exam = fill((farm if inside else tmp_path) / "exam", {"ant": 3, "cow": 2}, first=100)
    with pytest.warns(UserWarning, match="1 of 3 classes have no test images, .*: 'bee'$"):
        dataset = load(farm, test=exam, validation_fraction=0)
    assert dataset.class_names == ("ant", "bee", "cow")
    assert dataset.test.labels.tolist() == [0, 0, 0, 2, 2] and len(dataset.train) == 41


def test_a_folder_with_other_classes_is_refused(farm, tmp_path):
    with pytest.raises(ValueError, match="must be one of the 3 classes .* Received: folder 'dog'"):
        load(farm, test=fill(tmp_path / "exam", {"ant": 1, "dog": 1}, first=100))


def test_links_to_training_images_are_refused(farm, tmp_path):
    exam = fill(tmp_path / "exam", {"ant": 1, "bee": 1, "cow": 1}, first=100)
    os.symlink(farm / "bee" / "0.png", exam / "bee" / "linked.png")
    with pytest.raises(ValueError, match="no image may be in the training data and in the test data"):
        load(farm, test=exam)


def test_copies_of_training_and_validation_images_are_left_out(tmp_path):
    fill(tmp_path / "data" / "train", {"ant": 4, "bee": 4})
    fill(tmp_path / "data" / "val", {"ant": 2, "bee": 2}, first=50)
    exam = fill(tmp_path / "exam", {"ant": 3, "bee": 3}, first=100)
    (exam / "ant" / "x.png").write_bytes((tmp_path / "data/train/bee/1.png").read_bytes())
    (exam / "bee" / "y.png").write_bytes((tmp_path / "data/val/bee/1.png").read_bytes())
    with pytest.warns(
        UserWarning, match=r"left out 2 of 8 test images, which are copies .*x\.png.*train/bee/1\.png"
    ):
        dataset = load(tmp_path / "data", test=exam)
    assert numbers(dataset.test) == set(range(100, 106))


def test_a_folder_of_copies_is_refused(farm, tmp_path):
    exam = fill(tmp_path / "exam", {"ant": 3})
    with pytest.raises(ValueError, match="Received: 3 of 3 test images that are copies"):
        load(farm, test=exam)


@pytest.mark.parametrize(
    "own, arguments, message",
    [
        (False, {"test": "exam", "test_fraction": 0.1}, "`test_fraction` must be 0 if `test`"),
        (True, {"test_fraction": 0.1}, "`test_fraction` must not be given for data with test images"),
        (True, {"test": "exam"}, "`test` must not be given for data with test images"),
        (False, {"test_fraction": 1}, "`test_fraction` must be"),
        (False, {"test": "empty"}, "`test` must hold images"),
    ],
)
def test_one_source_of_test_images(tmp_path, own, arguments, message):
    fill(tmp_path / "data" / "train", {"ant": 4, "bee": 4})
    if own:
        fill(tmp_path / "data" / "test", {"ant": 2, "bee": 2}, first=50)
    fill(tmp_path / "exam", {"ant": 3, "bee": 3}, first=100)
    (tmp_path / "empty" / "ant").mkdir(parents=True)
    given = {key: tmp_path / value if key == "test" else value for key, value in arguments.items()}
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "data", **given)


def test_a_table_apart_has_its_own_folder_and_shares_groups(farm, tmp_path):
    exam = fill(tmp_path / "exam", {"ant": 3, "bee": 3, "cow": 1}, first=100)
    first = table(farm, {"ant": 30, "bee": 10, "cow": 1}, extra=lambda label, i: f",camera {i % 5}")
    second = table(exam, {"ant": 3, "bee": 3, "cow": 1}, "t.csv", lambda label, i: f",camera {i + 4}")
    with pytest.warns(UserWarning, match="3 of 7 test images are in groups that are also trained on"):
        dataset = from_table(
            first, test=second, group="group", image_size=(8, 8), channels=1, validation_fraction=0
        )
    assert numbers(dataset.test) == set(range(100, 107)) and len(dataset.train) == 41
    shared = np.isin(dataset.test.groups, dataset.train.groups)
    assert dataset.test.labels[shared].tolist() == [0, 1, 2]  # camera 4


def test_what_is_wrong_with_a_table_apart_is_said_with_its_file_and_row(farm, tmp_path):
    exam = fill(tmp_path / "exam", {"ant": 1}, first=100)
    first = table(farm, {"ant": 30, "bee": 10})
    arguments = {"image_size": (8, 8), "channels": 1}
    (exam / "t.csv").write_text("path,label\nant/0.png,ant\nant/0.png,dog\n")
    with pytest.raises(ValueError, match=r"t\.csv, line 3: .* Received: a test image of 'dog'"):
        from_table(first, test=exam / "t.csv", **arguments)
    (exam / "t.csv").write_text("file,label\nant/0.png,ant\n")
    with pytest.raises(ValueError, match=r"`image` must be the name of a column of .*t\.csv"):
        from_table(first, test=exam / "t.csv", **arguments)
    with pytest.raises(ValueError, match=r"`test`, row 0 .*: the column 'label' must have a value"):
        from_table(first, test={"path": [str(exam / "ant/0.png")], "label": [None]}, **arguments)
    with pytest.raises(TypeError, match="`test` must be the path of a CSV"):
        from_table(first, test=5, **arguments)
    split = {"path": [str(farm / "ant/0.png"), str(farm / "bee/0.png"), str(farm / "bee/1.png")],
             "label": ["ant", "bee", "bee"], "part": ["train", "train", "test"]}  # fmt: skip
    with pytest.raises(ValueError, match="`test` must not be given .* rows for test in the column 'part'"):
        from_table(
            split, split="part", test={"path": [str(exam / "ant/0.png")], "label": ["ant"]}, **arguments
        )


def test_a_split_column_is_not_needed_in_a_table_apart(farm, tmp_path):
    exam = fill(tmp_path / "exam", {"ant": 2, "bee": 2}, first=100)
    own = {"path": [str(farm / f"{n}/{i}.png") for n in ("ant", "bee") for i in range(4)],
           "label": ["ant"] * 4 + ["bee"] * 4, "part": ["train", "train", "val", "train"] * 2}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = from_table(
            own, split="part", test=table(exam, {"ant": 2, "bee": 2}), image_size=(8, 8), channels=1
        )
    assert [len(split) for split in dataset.splits().values()] == [6, 2, 4]


def test_equal_contents(tmp_path):
    for name, content in {"a": b"x" * 99, "b": b"y" * 99, "c": b"x" * 99, "d": b"x" * 98}.items():
        (tmp_path / name).write_bytes(content)
    long = b"z" * (1 << 17)
    (tmp_path / "e").write_bytes(long + b"1"), (tmp_path / "f").write_bytes(long + b"2")
    paths = [str(tmp_path / name) for name in "abcdefg"]  # the last is missing
    assert [os.path.basename(path) for path in first_contents(paths)] == ["a", "b", "a", "d", "e", "f", "g"]
    assert copies_of(paths[2:], paths[:2]) == {0: 0}
