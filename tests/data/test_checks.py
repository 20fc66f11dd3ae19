"""Unreadable images are found, counted and named before training."""

import pickle

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import ArraySplit, FileSplit, UnreadableImagesError, check_images
from ltzoo.data.checks import readable


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
