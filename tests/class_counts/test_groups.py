import numpy as np
import pytest

from ltzoo.class_counts.groups import class_groups


def as_lists(groups):
    return {name: classes.tolist() for name, classes in groups.items()}


def test_thresholds_and_thirds():
    counts = [5, 500, 30, 100, 20, 99]
    assert as_lists(class_groups(counts, (20, 99))) == {"many": [1, 3], "medium": [2, 5], "few": [0, 4]}
    assert as_lists(class_groups(counts)) == {"many": [1, 3], "medium": [2, 5], "few": [0, 4]}
    assert as_lists(class_groups([9, 9, 9, 9])) == {"many": [0, 1], "medium": [2], "few": [3]}


def test_thresholds_that_leave_a_group_empty_do_not_count():
    counts = np.array([500, 400, 300])
    assert as_lists(class_groups(counts, (20, 99))) == {"many": [0], "medium": [1], "few": [2]}


def test_errors():
    with pytest.raises(ValueError, match="Received: 2 classes"):
        class_groups([3, 4])
    with pytest.raises(ValueError, match="two ascending whole numbers"):
        class_groups([3, 4, 5], (9, 2))
