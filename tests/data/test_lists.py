"""Datasets from "path label" files."""

import pytest
from PIL import Image

from ltzoo.data import UnreadableImageError, UnreadableImagesError, from_list
from ltzoo.data.lists import folder_names


@pytest.fixture
def root(tmp_path):
    for folder in ("train/n01", "train/n02", "val"):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (9, 9), (number, 0, 0)).save(tmp_path / folder / f"{number} a.png")
    train = "train/n01/0 a.png 0\ntrain/n01/1 a.png 0\n\ntrain/n02/2 a.png 1\n"
    (tmp_path / "train.txt").write_text(train)
    (tmp_path / "val.txt").write_text("val/0 a.png 1\n")
    return tmp_path


def load(root, **arguments):
    return from_list(root / "train.txt", root, image_size=(8, 8), **arguments)


def test_lists_give_files_and_labels(root):
    dataset = load(root, val_list=root / "val.txt", test_list=root / "val.txt")
    assert dataset.name == "train" and dataset.class_counts.tolist() == [2, 1]
    assert dataset.class_names == ("n01", "n02")
    assert dataset.val.labels.tolist() == [1] and dataset.test.labels.tolist() == [1]
    assert dataset.train.load([2])[0, 0, 0].tolist() == [2, 0, 0]


def test_given_names_win(root):
    assert load(root, class_names=["cat", "dog"], name="pets").class_names == ("cat", "dog")


@pytest.mark.parametrize(
    "paths, labels, names",
    [
        (["t/a/x/0.jpg", "t/a/x/1.jpg", "t/b/x/0.jpg"], [0, 0, 1], ["a/x", "b/x"]),
        (["t/a/0.jpg", "t/b/1.jpg"], [0, 0], None),
        (["t/a/0.jpg", "t/a/1.jpg"], [0, 1], None),
        (["0.jpg", "b/1.jpg"], [0, 1], None),
        (["a/0.jpg", "a/b/1.jpg"], [0, 1], None),
        (["a/0.jpg", "b/1.jpg"], [0, 2], None),
        (["/a/0.jpg", "b/1.jpg"], [0, 1], None),
        (["t/a/0.jpg"], [0], ["a"]),
    ],
)
def test_names_come_from_folders_that_match_classes_one_to_one(paths, labels, names):
    assert folder_names(paths, labels) == names


@pytest.mark.parametrize("line", ["train/n01/0.png", "train/n01/0.png one", "train/n01/0.png -1"])
def test_bad_lines_are_named(root, line):
    (root / "train.txt").write_text(f"train/n01/0.png 0\n{line}\n")
    with pytest.raises(ValueError, match=rf"train\.txt, line 2: .*Received: \'{line}\'"):
        load(root)


def test_labels_outside_the_names_are_named(root):
    (root / "val.txt").write_text("val/0 a.png 1\nval/1 a.png 2\n")
    with pytest.raises(ValueError, match=r"`test\.labels` must be in 0\.\.1.*label 2 at position 1"):
        load(root, test_list=root / "val.txt")


def test_missing_files_are_counted_unless_unchecked(root):
    (root / "train" / "n01" / "1 a.png").unlink()
    with pytest.raises(UnreadableImagesError, match=r"1 of 3 images .*1 a\.png \(no such file\)"):
        load(root)
    assert len(load(root, check=False).train) == 3
    with pytest.warns(UserWarning, match=r"left out 1 of 3"):
        assert load(root, check=False, skip_unreadable=True).class_counts.tolist() == [1, 1]


def test_a_wrong_image_root_is_found_even_unchecked(root):
    with pytest.raises(UnreadableImageError, match=r"no such file"):
        from_list(root / "train.txt", root / "train", check=False)
    with pytest.raises(FileNotFoundError, match=r"Received: image_root='.*nowhere'"):
        from_list(root / "train.txt", root / "nowhere")


def test_missing_and_empty_lists_are_named(root):
    with pytest.raises(FileNotFoundError, match=r"Received: .*absent\.txt"):
        load(root, val_list=root / "absent.txt")
    (root / "val.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"val\.txt must hold at least one"):
        load(root, val_list=root / "val.txt")
