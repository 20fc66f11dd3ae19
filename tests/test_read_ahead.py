"""The next batch is read while the current one is used."""

import threading

import pytest

from ltzoo.read_ahead import Ahead, read_ahead


def test_parts_and_batches_in_order():
    assert list(read_ahead(lambda part: part * 10, range(5))) == [(n, n * 10) for n in range(5)]
    assert list(read_ahead(str, [7])) == [(7, "7")] and list(read_ahead(str, [])) == []


def test_the_next_part_is_loaded_before_the_current_is_done():
    loaded = [threading.Event() for _ in range(3)]
    batches = read_ahead(lambda part: loaded[part].set(), range(3))
    next(batches)
    assert loaded[1].wait(10) and not loaded[2].is_set()
    batches.close()


def test_an_error_is_raised_when_its_part_is_due():
    def load(part):
        if part == 2:
            raise OSError("part 2")
        return part

    batches = read_ahead(load, range(5))
    assert next(batches) == (0, 0) and next(batches) == (1, 1)
    with pytest.raises(OSError, match="part 2"):
        next(batches)


def test_the_ones_behind_an_index_are_begun():
    begun = []

    def load(index):
        begun.append(index)
        return 10 * index

    ahead = Ahead(load, 5, threads=1, most=1)
    assert [ahead[index] for index in (0, 1, 4, 0)] == [0, 10, 40, 0]
    assert begun[:3] == [0, 1, 2] and max(begun) == 4
