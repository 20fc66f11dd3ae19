"""The look before a training: it says what matters, soon, and never fails."""

import os
import shutil
import time

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import LongTailedDataset, from_directory, from_table
from ltzoo.data.auditing import quick
from ltzoo.data.auditing.quick import quick_look
from ltzoo.data.splits import ArraySplit
from tests.data.auditing.pictures import write
from tests.data.auditing.test_grouping import series


def load(folder, **arguments):
    return from_directory(folder, image_size=(8, 8), check=False, **{"validation_fraction": 0, **arguments})


def test_nothing_is_said_of_clean_images(tmp_path):
    assert quick_look(load(write(tmp_path / "p", {"ant": 40, "owl": 40}), validation_fraction=0.2)) == []


def test_tiny_classes(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 4, "yak": 9})
    assert quick_look(load(folder)) == ["2 of 3 classes have fewer than 10 training images; 'owl' has 4"]


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("target", ["train/ant", "train/owl"])
def test_copies_in_another_split_or_class(tmp_path, near, target):
    folder = write(tmp_path / "p", {"train/ant": 15, "train/owl": 15, "test/ant": 5, "test/owl": 5})
    copy = folder / target / "copy.png"
    if near:
        Image.open(folder / "test/ant/ant2.png").resize((60, 45)).save(copy)
    else:
        shutil.copy(folder / "test/ant/ant2.png", copy)
    (line,) = quick_look(load(folder))
    assert line.startswith("2 of 41 images show the same as one in another split or class, such as ")
    assert f"{copy} (train)" in line and "ant2.png (test)" in line


def test_copies_within_a_class_and_split_are_not_worth_a_line(tmp_path):
    folder = write(tmp_path / "p", {"ant": 15, "owl": 15})
    shutil.copy(folder / "ant/ant2.png", folder / "ant/copy.png")
    assert quick_look(load(folder)) == []


def test_groups_are_suggested_with_the_exact_option(tmp_path):
    folder = series(tmp_path / "p")
    (line,) = quick_look(load(folder, validation_fraction=0.2))
    rule = r"regex:([^/]+)[-_. ][^-_. /]+\.[^.]+$"
    assert f"--group-by '{rule}'" in line and line.startswith("16 of 16 validation and test images")
    assert quick_look(load(folder, validation_fraction=0.2, group_by=rule)) == []
    assert quick_look(load(folder)) == []  # Nothing is held out.


def test_groups_in_a_table(tmp_path):
    folder = series(tmp_path / "p")
    rows = sorted(path.relative_to(tmp_path).as_posix() for path in folder.rglob("*.png"))
    table = tmp_path / "t.csv"
    table.write_text("path,label\n" + "".join(f"{row},{row.split('/')[1]}\n" for row in rows))
    (line,) = quick_look(from_table(table, image_size=(8, 8), validation_fraction=0.2))
    assert "--group-by 'regex:" in line


def test_unreadable_and_missing_files_stop_nothing(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    dataset = load(folder)
    (folder / "ant/ant0.png").write_bytes(b"no image")
    (folder / "ant/ant1.png").unlink()
    (folder / "ant/ant2.png").unlink()
    os.mkfifo(folder / "ant/ant2.png")
    (folder / "ant/ant3.png").unlink()
    os.mkfifo(folder / "ant/ant3.png")
    started = time.monotonic()
    assert quick_look(dataset) == []
    assert time.monotonic() - started < 10


def test_all_files_unreadable(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    dataset = load(folder)
    for path in folder.rglob("*.png"):
        path.write_bytes(os.urandom(50))
    assert quick_look(dataset) == []


def test_datasets_without_files_have_their_classes_looked_at():
    split = ArraySplit(np.zeros((14, 8, 8, 3), "uint8"), [0] * 11 + [1] * 3)
    dataset = LongTailedDataset("a", split, None, None, ["x", "y"])
    assert quick_look(dataset) == ["1 of 2 classes have fewer than 10 training images; 'y' has 3"]


def test_it_ends_in_time_and_tells_of_copies_found_so_far(tmp_path, monkeypatch):
    folder = write(tmp_path / "p", {"train/ant": 30, "train/owl": 30, "test/ant": 5})
    shutil.copy(folder / "test/ant/ant2.png", folder / "train/owl/copy.png")
    slow = quick.decode_image

    def slowly(*arguments, **options):
        time.sleep(0.2)
        return slow(*arguments, **options)

    monkeypatch.setattr(quick, "decode_image", slowly)
    started = time.monotonic()
    (line,) = quick_look(load(folder), seconds=0.5)
    assert time.monotonic() - started < 3
    assert line.startswith("2 of 66 (") and " looked at) images" in line
    assert quick_look(load(folder), seconds=0) == []


def test_of_many_images_neighbors_of_each_class_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(quick, "MOST_IMAGES", 30)
    monkeypatch.setattr(quick, "_RUN", 10)
    images = quick.list_images(load(write(tmp_path / "p", {"ant": 40, "owl": 5, "yak": 40})))
    sample = quick._sample(images, 0)
    assert sorted(np.bincount(images.labels[sample]).tolist()) == [5, 10, 10]
    for label in (0, 2):
        names = sorted(images.below[p] for p in np.flatnonzero(images.labels == label))
        at = sorted(names.index(images.below[p]) for p in sample if images.labels[p] == label)
        assert at == list(range(at[0], at[0] + 10))
