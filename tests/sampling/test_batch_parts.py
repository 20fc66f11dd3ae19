"""Parts of batches: the same images in the same order, in equal parts, with groups kept together."""

import numpy as np
import pytest

from ltzoo.sampling import make_sampler
from ltzoo.sampling.batch_parts import BatchParts

LABELS = np.arange(22) % 3


@pytest.mark.parametrize("arguments", [{}, {"views": 3}, {"companion": {"strategy": "reversed"}}])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_parts_in_order_are_the_batches(arguments, parts):
    whole = make_sampler(LABELS, batch_size=8, seed=1, strategy="class_balanced", **arguments)
    split = BatchParts(whole, parts)
    group = {"views": 3, "companion": 2}.get(next(iter(arguments), None), 1)
    assert split.steps_per_epoch == 3 * parts
    for batch in range(3):
        found = [split.batch(1, batch * parts + part) for part in range(parts)]
        np.testing.assert_array_equal(np.concatenate(found), whole.batch(1, batch))
        sizes = [len(positions) for positions in found]
        assert max(sizes) - min(sizes) <= group and not any(size % group for size in sizes)
        assert batch == 2 or len(set(sizes)) == 1


def test_a_last_batch_with_fewer_images_than_parts_is_left_out():
    split = BatchParts(make_sampler(np.arange(18) % 3, batch_size=8, seed=1), 4)
    assert split.steps_per_epoch == 8
    with pytest.raises(IndexError, match="0 .. 7"):
        split.batch(0, 8)


def test_more_parts_than_images_are_refused():
    with pytest.raises(ValueError, match="`parts` must be at most .* Received: parts=8, 6 images"):
        BatchParts(make_sampler(np.arange(6) % 3, batch_size=8), 8)
