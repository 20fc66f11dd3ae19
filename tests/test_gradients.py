"""Gradients that can be differentiated again, the same on every backend."""

import numpy as np
from keras import ops

from ltzoo.gradients import value_and_gradients


def numbers(*values):
    return ops.convert_to_tensor(values, "float32")


def as_lists(tensors):
    return [ops.convert_to_numpy(tensor).tolist() for tensor in tensors]


def test_gradients_of_each_value():
    value, gradients = value_and_gradients(
        lambda at: ops.sum(at[0] ** 3) + at[1][0], [numbers(1, 2), numbers(5), numbers(7)]
    )
    assert float(value) == 14
    assert as_lists(gradients) == [[3, 12], [1], [0]]


def test_other_uses_of_a_value_are_constants():
    start = numbers(1, 2)
    _, (gradient,) = value_and_gradients(lambda at: ops.sum(at[0] * start), [start])
    assert as_lists([gradient]) == [[1, 2]]


def test_gradients_of_gradients():
    """f = sum a x^3 has df/dx = 3 a x^2, whose sum has the derivatives 6 a x and 3 x^2."""

    def slopes(at):
        points, factor = at
        _, (slope,) = value_and_gradients(lambda inner: ops.sum(factor * inner[0] ** 3), [points])
        return ops.sum(slope)

    value, gradients = value_and_gradients(slopes, [numbers(1, 2), numbers(2, 2)])
    assert float(value) == 30
    np.testing.assert_allclose(as_lists(gradients), [[12, 24], [3, 12]])
