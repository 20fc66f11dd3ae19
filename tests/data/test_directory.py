"""A folder with one sub-folder a class is enough."""

import warnings

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import UnreadableImageError, UnreadableImagesError, from_directory

COLORS = {"ant": (10, 0, 0), "bee": (20, 0, 0), "cow": (30, 0, 0)}


def fill(folder, counts, blue=0):
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (12, 10), (*COLORS.get(name, (0, 0, 0))[:2], blue)).save(
                folder / name / f"{number}.png"
            )
    return folder


def load(path, **arguments):
    return from_directory(path, image_size=(8, 8), **arguments)


def test_one_sub_folder_a_class_is_enough(tmp_path):
    dataset = load(fill(tmp_path / "farm", {"cow": 2, "ant": 20, "bee": 1}))
    assert dataset.name == "farm" and dataset.class_names == ("ant", "bee", "cow")
    assert dataset.class_counts.tolist() == [18, 1, 1]
    assert np.bincount(dataset.val.labels, minlength=3).tolist() == [2, 0, 1]
    assert dataset.test is None and dataset.image_shape == (8, 8, 3)
    assert not set(dataset.train.paths) & set(dataset.val.paths)
    for position in range(len(dataset.train)):
        color = COLORS[dataset.class_names[dataset.train.labels[position]]]
        assert dataset.train.load([position])[0, 4, 4].tolist() == list(color)


@pytest.mark.parametrize("names", ["a", "ab"])
def test_folders_without_images_are_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That files are left out.
        with pytest.raises(ValueError, match="Received: "):
            load(tmp_path)


def test_the_validation_split_follows_the_seed_and_can_be_left_out(tmp_path):
    fill(tmp_path, {"ant": 30, "bee": 30})
    assert load(tmp_path, seed=1).val.paths == load(tmp_path, seed=1).val.paths
    assert load(tmp_path, seed=1).val.paths != load(tmp_path, seed=2).val.paths
    whole = load(tmp_path, validation_fraction=0)
    assert whole.val is None and whole.class_counts.tolist() == [30, 30]


@pytest.mark.parametrize("val_name", ["val", "validation"])
def test_train_val_and_test_folders_are_recognized(tmp_path, val_name):
    fill(tmp_path / "train", {"ant": 4, "bee": 2})
    fill(tmp_path / val_name, {"bee": 1})
    fill(tmp_path / "test", {"ant": 2, "bee": 2})
    dataset = load(tmp_path)
    assert dataset.class_counts.tolist() == [4, 2]
    assert dataset.val.labels.tolist() == [1] and dataset.test.labels.tolist() == [0, 0, 1, 1]


def test_a_class_may_be_called_train(tmp_path):
    assert load(fill(tmp_path, {"train": 3, "bus": 3})).class_names == ("bus", "train")


def test_a_test_folder_elsewhere(tmp_path):
    fill(tmp_path / "a", {"ant": 3, "bee": 3})
    fill(tmp_path / "b", {"bee": 2}, blue=1)
    assert load(tmp_path / "a", test=tmp_path / "b").test.labels.tolist() == [1, 1]


def test_hidden_and_other_files_are_ignored_and_nested_folders_searched(tmp_path):
    fill(tmp_path, {"ant": 2, "bee": 2, ".cache": 2})
    (tmp_path / "ant" / "notes.txt").write_text("text")
    (tmp_path / "ant" / ".hidden.png").write_text("not an image")
    (tmp_path / "readme.md").write_text("text")
    fill(tmp_path / "ant", {"more": 1})
    (tmp_path / "ant" / "0.png").rename(tmp_path / "ant" / "0.PNG")
    dataset = load(tmp_path, validation_fraction=0)
    assert dataset.class_names == ("ant", "bee") and dataset.class_counts.tolist() == [3, 2]


def test_class_names_set_the_order(tmp_path):
    dataset = load(fill(tmp_path, {"ant": 2, "bee": 4}), class_names=["bee", "ant"], validation_fraction=0)
    assert dataset.class_names == ("bee", "ant") and dataset.class_counts.tolist() == [4, 2]


def test_unreadable_images_are_fatal_unless_skipped(tmp_path):
    fill(tmp_path, {"ant": 4, "bee": 2})
    (tmp_path / "ant" / "1.png").write_bytes((tmp_path / "ant" / "0.png").read_bytes()[:40])
    with pytest.raises(UnreadableImagesError, match=r"1 of 6 images .*ant.1\.png"):
        load(tmp_path)
    with pytest.warns(UserWarning, match=r"left out 1 of 6 .*ant.1\.png"):
        dataset = load(tmp_path, skip_unreadable=True, validation_fraction=0)
    assert dataset.class_counts.tolist() == [3, 2]
    unchecked = load(tmp_path, check=False, validation_fraction=0)
    with pytest.raises(UnreadableImageError, match=r"1\.png"):
        unchecked.train.load(range(6))


def test_a_class_that_loses_all_images_is_named(tmp_path):
    fill(tmp_path, {"ant": 4, "bee": 1})
    (tmp_path / "bee" / "0.png").write_bytes(b"broken")
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"no training image .*'bee' \(index 1\)"):
        warnings.simplefilter("ignore")
        load(tmp_path, skip_unreadable=True)


def test_a_class_folder_without_images_is_named(tmp_path):
    fill(tmp_path, {"ant": 2, "bee": 0})
    with pytest.raises(ValueError, match=r"no training image for 1 of 2 classes: 'bee'"):
        load(tmp_path)


def test_missing_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: path='.*nowhere', which is missing"):
        load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"which has no subfolder"):
        load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match=r"which is a file"):
        load(tmp_path / "file")
    fill(tmp_path / "a", {"ant": 2})
    with pytest.raises(FileNotFoundError, match=r"Received: test='.*nowhere'"):
        load(tmp_path / "a", test=tmp_path / "nowhere")


def test_unknown_class_folders_are_named(tmp_path):
    fill(tmp_path / "train", {"ant": 2, "bee": 2})
    fill(tmp_path / "test", {"ant": 2, "wasp": 2})
    with pytest.raises(ValueError, match=r"Received: folder 'wasp'"):
        load(tmp_path)
    with pytest.raises(ValueError, match=r"Received: folder 'bee'"):
        load(tmp_path / "train", class_names=["ant"])


def test_ambiguous_layouts_are_named(tmp_path):
    fill(tmp_path / "train", {"ant": 2})
    fill(tmp_path, {"bee": 2})
    with pytest.raises(ValueError, match=r"not both; .* Received: .* with train/ and bee/"):
        load(tmp_path)
    other = tmp_path / "other"
    for name in ("train", "val", "valid"):
        fill(other / name, {"ant": 2})
    with pytest.raises(ValueError, match=r"one folder per split"):
        load(other)
