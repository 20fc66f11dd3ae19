"""Several splits as one: the same images, in order, with or without a reader."""

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import ArraySplit, FileSplit
from ltzoo.data.joined import JoinedSplit, join


def parts(tmp_path):
    arrays = ArraySplit(np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((3, 4, 4), np.uint8), [0, 1, 2])
    Image.new("L", (8, 8), 9).save(tmp_path / "a.png")
    return arrays, FileSplit([tmp_path / "a.png"], [1], (4, 4), 1)


def test_images_come_from_the_right_split(tmp_path):
    joined = join(*parts(tmp_path))
    assert joined.labels.tolist() == [0, 1, 2, 1] and len(joined) == 4
    assert joined.load([3, 0, 2, 3])[:, 0, 0, 0].tolist() == [9, 0, 2, 9]
    assert joined.load([]).shape == (0, 4, 4, 1)
    assert joined.open(3).size == (8, 8) and joined.open(1).size == (4, 4)
    assert joined.describe(3).endswith("a.png") and joined.describe(1) == "image 1"
    read = joined.load([3, 1], read=lambda image, index: np.full((1, 1, 1), image.size[0] + index, np.uint8))
    assert read.ravel().tolist() == [8, 5]


def test_a_subset_keeps_order_and_groups(tmp_path):
    first, second = parts(tmp_path)
    first.groups, second.groups = np.array([5, 6, 7]), np.array([5])
    part = join(first, second).subset([3, 1]).subset([1, 0])
    assert part.labels.tolist() == [1, 1] and part.groups.tolist() == [6, 5]
    assert part.load([0, 1])[:, 0, 0, 0].tolist() == [1, 9]
    assert part.open(1).size == (8, 8) and part.describe(0) == "image 1"
    assert part.load([1], read=lambda image, index: np.zeros((1, 2, 1), np.uint8)).shape == (1, 1, 2, 1)
    assert part.in_memory().groups.tolist() == [6, 5]


def test_shapes_must_agree_and_groups_must_be_everywhere(tmp_path):
    first, second = parts(tmp_path)
    with pytest.raises(ValueError, match="equal image shape"):
        JoinedSplit([first, ArraySplit(np.zeros((1, 2, 2), np.uint8), [0])])
    with pytest.raises(ValueError, match="equal image shape"):
        JoinedSplit([])
    first.groups = np.arange(3)
    with pytest.raises(ValueError, match="groups in some"):
        join(first, second)
