"""Images are read by several threads, in order, with the error that comes first in the order."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import FileSplit, UnreadableImageError, check_images
from ltzoo.data import reading_threads as module
from ltzoo.data.reading_threads import in_order, reading_threads, set_reading_threads

_FORKS = """
import os
from ltzoo.data.reading_threads import in_order, set_reading_threads
set_reading_threads(2)
list(in_order(str, range(4)))
child = os.fork()
if child == 0:
    os._exit(0 if list(in_order(str, range(4))) == ["0", "1", "2", "3"] else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(params=[1, 2, 5, None])
def threads(request):
    set_reading_threads(request.param)
    yield request.param
    set_reading_threads(None)


@pytest.fixture
def split(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (9, 7, 3)).astype("uint8")).save(path)
    return FileSplit(paths, [0] * 12, (6, 6))


def test_results_come_in_order(threads):
    def late(item):
        time.sleep(0.001 * (7 - item % 7))
        return item * item

    assert list(in_order(late, range(40))) == [item * item for item in range(40)]
    assert list(in_order(late, [])) == []
    assert reading_threads() == (threads or module.available_cores())


def test_the_first_error_in_order_is_raised(threads):
    def fails(item):
        if item == 3:
            time.sleep(0.05)
        if item >= 3:
            raise ValueError(f"item {item}")
        return item

    results = in_order(fails, range(30))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="item 3"):
        next(results)


def test_few_items_are_begun_ahead():
    set_reading_threads(2)
    begun = []
    results = in_order(lambda item: begun.append(item), range(1000))
    next(results)
    assert len(begun) <= 5
    results.close()
    set_reading_threads(None)


def test_several_threads_take_part():
    set_reading_threads(3)
    together = threading.Barrier(3, timeout=10)
    places = list(in_order(lambda item: together.wait(), range(3)))  # It would time out with fewer.
    assert sorted(places) == [0, 1, 2]
    set_reading_threads(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    # In a process of its own: a backend with threads may be loaded here.
    subprocess.run([sys.executable, "-W", "ignore", "-c", _FORKS], check=True, timeout=60)


def test_splits_read_the_same_with_any_number(threads, split):
    positions = [5, 0, 11, 5]
    expected = np.stack([split.pixels(position) for position in positions])
    np.testing.assert_array_equal(split.load(positions), expected)
    half = split.load(positions, read=lambda image, index: np.full((2, 2, 3), index, np.uint8))
    assert half[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_the_unreadable_image_is_named_with_any_number(threads, split):
    for number in (4, 9):
        with open(split.paths[number], "wb") as file:
            file.write(b"no image")
    for read in (None, lambda image, index: np.zeros((2, 2, 3), np.uint8)):
        with pytest.raises(UnreadableImageError) as caught:
            split.load(np.arange(12), read=read)
        assert caught.value.path == split.paths[4]
    assert [error.path for error in check_images(split)] == [split.paths[4], split.paths[9]]


@pytest.mark.parametrize("number", [0, -1, 1.5, "2", True])
def test_wrong_numbers_are_refused(number):
    with pytest.raises(ValueError, match="number"):
        set_reading_threads(number)
