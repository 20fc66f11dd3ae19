"""The images that an audit looks at: layouts, links, names and the path that `--group-by` sees."""

import os

import numpy as np
import pytest

from ltzoo.data import LongTailedDataset, from_directory
from ltzoo.data.auditing.images import list_images
from ltzoo.data.splits import ArraySplit
from tests.data.auditing.pictures import write


def test_splits_and_classes_of_a_folder(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 2, "train/owl": 1, "test/ant": 1, "test/yak": 2})
    images = list_images(folder)
    assert images.class_names == ("ant", "owl", "yak")
    assert [images.name(p) for p in range(len(images))] == [
        "train/ant/ant0.png",
        "train/ant/ant1.png",
        "train/owl/owl0.png",
        "test/ant/ant0.png",
        "test/yak/yak0.png",
        "test/yak/yak1.png",
    ]
    assert [images.split(p) for p in (0, 3)] == ["train", "test"] and images.class_of(5) == "yak"
    assert images.train_counts().tolist() == [2, 1, 0]
    assert images.train_counts(np.arange(6) > 0).tolist() == [1, 1, 0]
    assert images.split_counts() == {"train": 3, "val": 0, "test": 3}
    assert list_images(images) is images


def test_a_folder_without_classes_is_one_class(tmp_path):
    images = list_images(write(tmp_path, {"flat": 3}) / "flat")
    assert images.class_names == ("flat",) and len(images) == 3


def test_paths_below_the_class_folder(tmp_path):
    folder = write(tmp_path / "p", {"ant/cam1": 1, "owl/ant": 1})
    assert list_images(folder).below == ["cam1/cam10.png", "ant/ant0.png"]
    dataset = from_directory(folder, image_size=(8, 8), validation_fraction=0)
    assert list_images(dataset).below == ["cam1/cam10.png", "ant/ant0.png"]


def test_paths_for_lists_of_excluded_images_start_where_the_list_is_read(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 2, "train/owl": 2})
    images = list_images(folder)
    assert images.listed_name(0) == "train/ant/ant0.png"
    # What a dataset was loaded from is unknown; its folder is not that of its images.
    dataset = list_images(from_directory(folder, image_size=(8, 8), validation_fraction=0))
    assert dataset.name(0) == "ant/ant0.png"
    assert dataset.listed_name(0) == str(folder / "train" / "ant" / "ant0.png")


def test_what_is_left_out_is_counted(tmp_path):
    folder = write(tmp_path / "p", {"ant": 2, "owl": 1})
    (folder / "ant" / "film.mp4").write_bytes(b"x")
    (folder / "loose.png").write_bytes(b"x")
    (folder / "owl" / "gone.png").symlink_to("nowhere")
    (folder / "owl" / "loop").symlink_to("..")
    os.mkfifo(folder / "owl" / "pipe.png")
    images = list_images(folder)
    assert len(images) == 3
    reasons = " ".join(reason for reason, _ in images.left_out.items())
    for word in ("mp4", "next to the class folders", "broken links", "read already", "pipes"):
        assert word in reasons


def test_links_to_class_folders_are_followed_once(tmp_path):
    folder = write(tmp_path / "p", {"ant": 2})
    write(tmp_path / "elsewhere", {"owl": 2})
    (folder / "owl").symlink_to(tmp_path / "elsewhere" / "owl")
    images = list_images(folder)
    assert [images.name(p) for p in range(4)] == [f"{n}/{n}{i}.png" for n in ("ant", "owl") for i in (0, 1)]


def test_names_that_are_no_text(tmp_path):
    folder = write(tmp_path / "p", {"ant": 1})
    for name in (b"\xff.png", b"new\nline.png", b"[red].png"):
        (folder / "ant" / "ant0.png").rename(folder / "ant" / os.fsdecode(name))
        write(folder, {"ant": 1})
    images = list_images(folder)
    assert len(images) == 4
    assert {os.fsencode(images.name(p)) for p in range(4)} >= {b"ant/\xff.png", b"ant/new\nline.png"}


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        list_images(tmp_path / "no")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileNotFoundError, match="which is a file"):
        list_images(tmp_path / "file")
    (tmp_path / "empty" / "ant").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="holds no image"):
        list_images(tmp_path / "empty")
    with pytest.raises(TypeError, match="Received: path=5"):
        list_images(5)


def test_datasets_without_files_are_refused():
    split = ArraySplit(np.zeros((4, 8, 8, 3), "uint8"), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="a dataset of image files"):
        list_images(LongTailedDataset("a", split, None, None, ["x", "y"]))
