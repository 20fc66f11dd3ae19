import numpy as np
import pytest

from ltzoo.data.augmentation import Cutout


@pytest.mark.parametrize("size", [4, 5])
def test_squares_have_uniform_centres_and_are_cut_at_the_border(size):
    side, count = 8, 12_800
    images = np.full((count, side, side, 1), 9, dtype="uint8")
    result, _ = Cutout(size, fill=2)(images, None, np.random.default_rng(0))
    assert set(np.unique(result)) == {2, 9} and (images == 9).all()
    blank = result[..., 0] == 2
    expected = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            top, left = row - size // 2, column - size // 2
            expected[max(top, 0) : top + size, max(left, 0) : left + size] += 1 / side**2
    np.testing.assert_allclose(blank.mean(0), expected, atol=0.025)
    rows, columns = blank.any(2).sum(1), blank.any(1).sum(1)
    assert (blank.sum((1, 2)) == rows * columns).all()
    assert rows.min() == size - size // 2 and rows.max() == size


def test_errors():
    with pytest.raises(ValueError, match="Received: size=0"):
        Cutout(0)
    with pytest.raises(ValueError, match="fill=256"):
        Cutout(4, fill=256)
