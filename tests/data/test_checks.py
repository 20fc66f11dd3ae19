"""Unreadable images are found, counted and named before training."""

import pickle

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import (
    ArraySplit,
    FileSplit,
    UnreadableImageError,
    UnreadableImagesError,
    check_images,
    checks,
)
from ltzoo.data.checks import readable
from ltzoo.data.pixels import look_at
from ltzoo.phases import observed


@pytest.fixture
def split(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(10)]
    for path in paths:
        Image.new("RGB", (4, 4)).save(path)
    for number in (1, 2, 4, 5, 7, 8):
        paths[number].write_bytes(b"broken")
    return FileSplit(paths, range(10), (4, 4))


def test_check_images_returns_all_failures_in_order(split):
    failures = check_images(split)
    assert [failure.path for failure in failures] == [split.paths[n] for n in (1, 2, 4, 5, 7, 8)]
    assert all(failure.reason for failure in failures)


def test_splits_in_memory_have_nothing_to_check():
    assert check_images(ArraySplit(np.zeros((2, 4, 4, 3), np.uint8), [0, 1])) == []


def test_unreadable_images_are_fatal_counted_and_named(split):
    with pytest.raises(
        UnreadableImagesError, match=r"^6 of 10 images .*skip.*Received: .*1\.png.*; and 1 more$"
    ) as caught:
        readable({"train": split}, skip_unreadable=False)
    assert len(caught.value.errors) == 6 and caught.value.total == 10
    assert "8.png" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_unreadable_images_can_be_left_out_with_a_warning_that_names_them(split):
    with pytest.warns(UserWarning, match=r"left out 6 of 12 images .*1\.png.*8\.png"):
        kept = readable({"train": split, "test": split.subset([0, 3])}, skip_unreadable=True)
    assert kept["train"].labels.tolist() == [0, 3, 6, 9]
    assert len(kept["test"]) == 2


def test_readable_images_pass_without_a_warning(split, recwarn):
    good = split.subset([0, 3])
    assert readable({"train": good}, skip_unreadable=True)["train"] is good
    assert not recwarn.list


def test_several_frames_are_said_once(tmp_path):
    paths = [tmp_path / f"{number}.gif" for number in range(8)]
    views = [Image.new("L", (4, 4), value) for value in (10, 200)]
    for path in paths:
        views[0].save(path, save_all=True, append_images=views[1:])
    views[0].save(paths[0])
    split = FileSplit(paths, range(8), (4, 4), channels=1)
    said = r"7 of 10 images have several frames or pages, of which the first is used: .*1\.gif.* and 2 more"
    with pytest.warns(UserWarning, match=said) as warned:
        kept = readable({"train": split, "test": split.subset([0, 0])}, skip_unreadable=False)
    assert len(warned) == 1 and kept["train"].load([3]).max() == 10
    with pytest.warns(UserWarning, match="7 of 8 images have several frames"):
        assert check_images(split) == []


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Fifty images, of which every tenth is decoded by the check of many."""
    monkeypatch.setattr(checks, "DECODED", 20)
    monkeypatch.setattr(checks, "SAMPLE", 5)
    paths = [tmp_path / f"{number:02d}.png" for number in range(50)]
    for path in paths:
        Image.new("RGB", (4, 4)).save(path)
    return FileSplit(paths, [0] * 50, (4, 4))


def cut(path):
    """Leave the beginning of a file only."""
    with open(path, "r+b") as file:
        file.truncate(40)


def test_of_many_images_a_sample_is_decoded_and_the_others_looked_at(many, monkeypatch):
    decoded = []
    original = FileSplit.decode
    monkeypatch.setattr(FileSplit, "decode", lambda self, p: decoded.append(p) or original(self, p))
    assert readable({"train": many}, skip_unreadable=False)["train"] is many
    assert sorted(decoded) == [0, 10, 20, 30, 40]
    cut(many.paths[11])  # Found when it is first read.
    readable({"train": many}, skip_unreadable=False)
    with pytest.raises(UnreadableImageError, match="11.png"):
        many.load(range(50))
    cut(many.paths[20])
    open(many.paths[21], "wb").close()
    with open(many.paths[22], "wb") as file:
        file.write(b"<html>no image</html>")
    with pytest.raises(UnreadableImagesError) as caught:
        readable({"train": many}, skip_unreadable=False)
    found = {error.path: error.reason for error in caught.value.errors}
    assert list(found) == [many.paths[number] for number in (20, 21, 22)]
    assert found[many.paths[21]] == "the file is empty" and "not an image" in found[many.paths[22]]


def test_who_skips_unreadable_images_has_all_decoded(many):
    cut(many.paths[11])
    with pytest.warns(UserWarning, match="left out 1 of 50 images"):
        assert len(readable({"train": many}, skip_unreadable=True)["train"]) == 49


def test_the_look_at_many_files_ends_in_time(many, monkeypatch):
    monkeypatch.setattr(checks, "LOOK_SECONDS", -1.0)
    open(many.paths[21], "wb").close()
    readable({"train": many}, skip_unreadable=False)


def test_the_check_tells_its_progress_over_all_splits(many, monkeypatch):
    class Seen:
        def __init__(self):
            self.told = []

        def began(self, phase):
            self.phase = phase

        def advanced(self, phase, count):
            self.told.append((phase.done, phase.total))

        def ended(self, phase):
            pass

    for most in (20, 1000):
        monkeypatch.setattr(checks, "DECODED", most)
        with observed(seen := Seen()):
            readable({"train": many, "val": many.subset([0, 1])}, False)
        assert seen.phase.name == "checking images" and seen.told[-2:] == [(50, 52), (52, 52)]


def test_looking_at_files(tmp_path):
    image = Image.new("RGB", (4, 4))
    for name in ("a.jpg", "a.png", "a.gif", "a.bmp", "a.tif", "a.ppm", "a.tga"):
        image.save(tmp_path / name)
        look_at(str(tmp_path / name))
    for name in ("missing.png", "folder"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(UnreadableImageError, match=name):
            look_at(str(tmp_path / name))
