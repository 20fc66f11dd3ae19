"""Datasets from "path label" files."""

import os

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
    with pytest.raises(
        ValueError, match=r"val\.txt, line 2: `test` labels must lie in 0\.\.1.*Received: label 2$"
    ):
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


def test_the_classes_are_bounded_by_the_images(root):
    (root / "train.txt").write_text("train/n01/0 a.png 0\ntrain/n02/0 a.png 1000000000000\n")
    with pytest.raises(
        ValueError, match=r"train\.txt, line 2: .*labels up to 1. Received: label 1000000000000$"
    ):
        load(root)
    with pytest.raises(ValueError, match=r"train\.txt, line 2: `train` labels must lie in 0\.\.1"):
        load(root, class_names=["a", "b"])


@pytest.mark.parametrize(
    "labels, message",
    [((1, 2, 2), r"train\.txt: .*number the classes from 0. Received: no line with label 0$"),
     ((0, 2, 2), r"train\.txt: every class from 0 to 2 .* Received: no line with label 1$")],
)  # fmt: skip
def test_classes_without_a_line_are_named_with_the_file(root, labels, message):
    paths = ("train/n01/0 a.png", "train/n01/1 a.png", "train/n02/2 a.png")
    (root / "train.txt").write_text("".join(f"{path} {n}\n" for path, n in zip(paths, labels, strict=True)))
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_test_image_that_is_trained_on_is_refused(root):
    (root / "val.txt").write_text("val/0 a.png 1\n./train//n02/2 a.png 1\n")
    for split in ("val", "test"):
        with pytest.raises(
            ValueError, match=rf"1 of 2 {split} images .* in .*val\.txt, line 2 and .*train\.txt, line 4"
        ):
            load(root, **{f"{split}_list": root / "val.txt"})


@pytest.mark.parametrize("kind", ["absolute", "link", "hard link", "linked folder"])
def test_another_path_to_a_training_image_is_the_same_image(root, monkeypatch, kind):
    monkeypatch.chdir(root.parent)
    os.symlink("0 a.png", root / "train" / "n01" / "link.png")
    os.link(root / "train" / "n01" / "0 a.png", root / "val" / "hard.png")
    os.symlink("train", root / "also")
    listed = {
        "absolute": str(root / "train/n01/0 a.png"),
        "link": "train/n01/link.png",
        "hard link": "val/hard.png",
        "linked folder": "also/n01/0 a.png",
    }[kind]
    (root / "val.txt").write_text(f"{listed} 0\n")
    with pytest.raises(ValueError, match="Received: 1 of 1 test images that are trained on"):
        from_list(root / "train.txt", root.name, test_list=root / "val.txt", image_size=(8, 8))
    with (root / "train.txt").open("a") as file:
        file.write(f"{listed} 1\n")
    with pytest.raises(ValueError, match="every image must have one label"):
        from_list(root / "train.txt", root.name, image_size=(8, 8))


def test_an_image_with_two_labels_is_refused_and_repeats_are_counted(root):
    train = (root / "train.txt").read_text()
    (root / "train.txt").write_text(train + "train/n01/0 a.png 0\n")
    with pytest.warns(UserWarning, match=r"1 of 4 train images are repeats .*train\.txt, line 5"):
        assert load(root).class_counts.tolist() == [3, 1]
    (root / "train.txt").write_text(train + "train/n01/0 a.png 1\n")
    with pytest.raises(
        ValueError, match=r"label 0 in .*train\.txt, line 1 and label 1 in .*train\.txt, line 5"
    ):
        load(root)


@pytest.mark.parametrize(
    "path", ["../out.png", "train/../../out.png", "/etc/out.png", "C:/images/0.png", r"C:\images\0.png"]
)
def test_paths_outside_of_the_root_are_refused(root, path):
    (root / "val.txt").write_text(f"val/0 a.png 1\n{path} 0\n")
    with pytest.raises(ValueError, match=r"val\.txt, line 2: every path must lead to a file in `image_root`"):
        load(root, val_list=root / "val.txt")


def test_absolute_paths_and_backslashes_inside_of_the_root_are_read(root):
    (root / "val.txt").write_text(f"{root}/val/0 a.png 1\nval\\1 a.png 0\nval/../val/2 a.png 0\n")
    assert load(root, val_list=root / "val.txt").val.labels.tolist() == [1, 0, 0]
    (root / "val" / "a\\b.png").write_bytes((root / "val" / "0 a.png").read_bytes())
    (root / "val.txt").write_text("val/a\\b.png 1\n")
    assert len(load(root, val_list=root / "val.txt").val) == 1


def test_a_folder_or_pipe_as_an_image_or_list_is_named(root):
    (root / "val.txt").write_text("val 1\n")
    with pytest.raises(UnreadableImagesError, match=r"1 of 4 images"):
        load(root, val_list=root / "val.txt")
    with pytest.raises(FileNotFoundError, match=r"`val_list` .* which is a folder$"):
        load(root, val_list=root / "val")
    os.mkfifo(root / "pipe.txt")
    with pytest.raises(FileNotFoundError, match=r"pipe\.txt, which is no regular file$"):
        load(root, val_list=root / "pipe.txt")


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"image_size": 8}, ValueError, r"`image_size` .* Received: image_size=8$"),
        ({"channels": 2}, ValueError, r"`channels` .* Received: channels=2$"),
        ({"resize": float("nan")}, ValueError, r"`resize` .* Received: resize=nan$"),
        ({"resize": 7}, ValueError, r"`resize` .* Received: resize=7$"),
        ({"class_names": "ab"}, TypeError, r"`class_names` .* Received: class_names='ab'$"),
        ({"check": "no"}, ValueError, r"`check` .* Received: check='no'$"),
        ({"skip_unreadable": None}, ValueError, r"`skip_unreadable` .* Received: skip_unreadable=None$"),
        ({"name": 5}, TypeError, r"`name` .* Received: name=5$"),
        ({"val_list": 5}, TypeError, r"`val_list` .* Received: val_list=5$"),
        ({"test_list": b"x"}, TypeError, r"`test_list` .* Received: test_list=b'x'$"),
    ],
)
def test_wrong_arguments_are_named(root, arguments, error, message):
    with pytest.raises(error, match=message):
        from_list(root / "train.txt", root, **arguments)


def test_wrong_paths_are_named(root):
    with pytest.raises(TypeError, match=r"`train_list` .* Received: train_list=None$"):
        from_list(None, root)
    with pytest.raises(TypeError, match=r"`image_root` .* Received: image_root=\['x'\]$"):
        from_list(root / "train.txt", ["x"])
    with pytest.raises(ValueError, match=r"`image_root` .* Received: image_root=''$"):
        from_list(root / "train.txt", "")
