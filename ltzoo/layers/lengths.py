"""Euclidean lengths of vectors, and vectors of length 1, with finite gradients at zero."""

from typing import Any

from keras import ops

SHORTEST = 1e-12


def euclidean_length(vectors: Any, axis: int | tuple[int, ...]) -> Any:
    """Return the lengths along `axis`, which stays as an axis of size 1. A zero vector has the gradient 0.

    The derivative of the square root is infinite at 0, so `ops.norm` gives NaN there.
    """
    squared_length = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    is_zero = squared_length <= 0
    positive = ops.where(is_zero, ops.ones_like(squared_length), squared_length)
    return ops.where(is_zero, ops.zeros_like(squared_length), ops.sqrt(positive))


def unit_length(vectors: Any, axis: int) -> Any:
    """Divide the vectors along `axis` by their Euclidean length.

    Vectors shorter than 1e-12 get the value 0 and the gradient 0. The published code divides by max(length, 1e-12): a
    zero vector also has the value 0 there, but 1e12 times the upstream gradient.
    """
    return vectors * inverse_length(ops.sum(ops.square(vectors), axis=axis, keepdims=True))


def inverse_length(squared_length: Any, shortest: float = SHORTEST) -> Any:
    """Return 1 / length from squared lengths: 0, with the gradient 0, up to the length `shortest`."""
    is_zero = squared_length <= shortest**2
    inverse = ops.rsqrt(ops.where(is_zero, ops.ones_like(squared_length), squared_length))
    return ops.where(is_zero, ops.zeros_like(inverse), inverse)
