"""The one check of labels: what it takes, what it refuses, and what it says."""

import numpy as np
import pytest

from ltzoo.contracts.labels import check_labels, count_classes

INTEGERS = np.array([0, 3, 1, 2])
HALF_FULL = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_integers_of_every_type(dtype, shape):
    labels = check_labels(INTEGERS.astype(dtype).reshape(shape), 4)
    assert labels.dtype == np.int64 and labels.tolist() == INTEGERS.tolist()


def test_the_result_is_a_copy_and_lists_are_labels():
    labels = check_labels(INTEGERS, 4)
    labels[0] = 2
    assert INTEGERS[0] == 0
    assert check_labels([0, 1], 2).tolist() == [0, 1] and len(check_labels([], 2)) == 0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8"])
def test_one_hot_and_soft_rows(dtype):
    rows = np.eye(4)[INTEGERS].astype(dtype)
    assert check_labels(rows, 4, soft=True) is rows
    assert np.array_equal(check_labels(HALF_FULL, 4, soft=True), HALF_FULL)
    almost = HALF_FULL * 1.0009
    assert check_labels(almost, soft=True) is almost


def test_names_where_they_are_known():
    names = ("cat", "dog")
    for labels in (["dog", "cat"], np.array(["dog", "cat"]), np.array(["dog", "cat"], object)):
        assert check_labels(labels, 2, class_names=names).tolist() == [1, 0]
    with pytest.raises(
        ValueError, match=r"names of the 2 classes: 'cat', 'dog'.*Received: label 'cow' at position 1"
    ):
        check_labels(["dog", "cow"], 2, class_names=names)
    with pytest.raises(ValueError, match=r"no class names are known.*Received: label 'dog' at position 0"):
        check_labels(["dog", "cat"], 2)


@pytest.mark.parametrize(
    "labels, message",
    [
        (None, r"one label per image\. Received: y=None$"),
        (
            [0, 4, 1],
            r"in 0\.\.3, one of the 4 classes\. Received: label 4 at position 1 \(labels from 0 to 4\)$",
        ),
        (
            [1, 2, 3, 4],
            r"numbered from 1, so subtract 1\. Received: label 4 at position 3 \(labels from 1 to 4\)$",
        ),
        (
            [0, -1],
            r"leave images without a label out\. Received: label -1 at position 1 \(labels from -1 to 0\)$",
        ),
        ([255, 0], r"Received: label 255 at position 0"),
        ([0, 10**12], r"Received: label 1000000000000 at position 1"),
        (np.array([2**64 - 1], "uint64"), r"Received: label 18446744073709551615 at position 0"),
        (
            [0.0, 1.0],
            r"whole numbers, so convert them with labels\.astype\('int64'\)\. Received: label 0 of type float64",
        ),
        ([0.0, 1.5], r"a fraction name no class\. Received: label 1\.5 of type float64 at position 1$"),
        ([0.0, np.nan], r"without a label out\. Received: label nan of type float64 at position 1$"),
        ([0.0, np.inf], r"Received: label inf of type float64 at position 1$"),
        ([True, False], r"astype\('int64'\)\. Received: y of type bool and shape \(2,\)$"),
        (np.array([0, 1], object), r"dtype='int64'\)\. Received: y of type object"),
        (np.array([0, None, 1], object), r"Received: y of type object"),
        (np.array(["2020-01-01"], "datetime64[D]"), r"Received: y of type datetime64"),
        ([1j], r"Received: y of type complex128"),
        (3, r"shape \[N\].*Received: y of shape \(\)$"),
        (np.zeros((2, 2, 2), int), r"Received: y of shape \(2, 2, 2\)$"),
        ([[0], [1, 2]], r"Received: y of type list that is not an array$"),
        (np.eye(4)[[0, 1]], r"argmax\(axis=-1\)\. Received: y of shape \(2, 4\)$"),
    ],
)
def test_refused(labels, message):
    with pytest.raises(ValueError, match=rf"^`y` must .*{message}"):
        check_labels(labels, 4, "y")


@pytest.mark.parametrize(
    "row, message",
    [
        ([1, 1, 0, 0], r"several labels, which a softmax cannot learn\. Received: row 1, which sums to 2$"),
        ([0, 0, 0, 0], r"Received: row 1, which sums to 0$"),
        ([1.5, -0.5, 0, 0], r"Received: row 1, whose smallest entry is -0\.5$"),
        ([np.nan, 1, 0, 0], r"Received: row 1, which is not finite$"),
        ([np.inf, 0, 0, 0], r"Received: row 1, which is not finite$"),
        ([0.5, 0.498, 0, 0], r"Received: row 1, which sums to 0\.998$"),
    ],
)
def test_refused_rows(row, message):
    with pytest.raises(
        ValueError, match=rf"^`y` must hold rows of class shares, 0 or more, that sum to 1.*{message}"
    ):
        check_labels(np.array([[0, 1, 0, 0], row], "float64"), 4, "y", soft=True)


def test_refused_width():
    with pytest.raises(
        ValueError, match=r"\[N, 5\].*for each of the 5 classes\. Received: y of shape \(2, 4\)$"
    ):
        check_labels(HALF_FULL, 5, "y", soft=True)
    with pytest.raises(ValueError, match=r"Received: y of type bool"):
        check_labels(HALF_FULL > 0, 4, "y", soft=True)


def test_whole_floats_only_where_allowed():
    assert check_labels([0.0, 2.0], 4, whole_floats=True).tolist() == [0, 2]
    for labels in ([0.5], [np.nan], [4.0], [-1.0]):
        with pytest.raises(ValueError, match="Received: label"):
            check_labels(labels, 4, whole_floats=True)


def test_classes_are_bounded_by_the_labels():
    assert count_classes(np.array([0, 1, 1])) == 2 and count_classes(np.array([], int)) == 0
    with pytest.raises(ValueError, match=r"without gaps.*Received: label 1000000000000 at position 1$"):
        count_classes(check_labels([0, 10**12]))
