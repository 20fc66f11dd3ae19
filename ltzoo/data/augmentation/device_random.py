"""Random numbers inside a compiled program, as a pure function of (seed, counter, stream)."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked


class Draws:
    """Random numbers from numbered streams of one state; each call on a stream yields the same numbers.

    Args:
        state: uint32 [2], the state of a `keras.random.SeedGenerator` at this step.
        first: number of the first stream.
    """

    @checked
    def __init__(self, state: Any, first: int = 0) -> None:
        self._state, self._first = state, first

    def uniform(self, stream: int, shape: tuple) -> Any:
        """Draw uniform float32 numbers in 0 .. 1."""
        # The PyTorch backend adds the two words of a state, so a stream moves the first by a large odd step.
        step = ops.convert_to_tensor([(self._first + stream) * 15485863, 0])
        fixed = _FixedSeed(self._state + ops.cast(step, self._state.dtype))
        return keras.random.uniform(shape, dtype="float32", seed=fixed)

    def integers(self, stream: int, shape: tuple, limit: int) -> Any:
        """Draw int32 numbers, uniform on 0 .. limit - 1."""
        # Rounding may bring a uniform number up to 1, hence the minimum.
        return ops.minimum(ops.cast(ops.floor(self.uniform(stream, shape) * limit), "int32"), limit - 1)

    def beta(self, stream: int, alpha: float, shape: tuple = ()) -> Any:
        """Draw from Beta(alpha, alpha) with three streams (Devroye, "Random variates in one line").

        1/2 +- 1/2 (1 + 1 / ((u^(-1/alpha) - 1) cos^2(2 pi v)))^(-1/2), where u, v and the sign are uniform.
        `keras.random.beta` does not compile with XLA on TensorFlow. u near 0 overflows to infinity, which
        correctly gives 0 or 1.
        """
        u, v, side = (self.uniform(stream + part, shape) for part in range(3))
        odds = (ops.power(u, -1.0 / alpha) - 1.0) * ops.maximum(ops.square(ops.cos(6.2831853 * v)), 1e-30)
        distance = 0.5 / ops.sqrt(1.0 + 1.0 / odds)
        return ops.where(side < 0.5, 0.5 - distance, 0.5 + distance)


class _FixedSeed(keras.random.SeedGenerator):
    """A seed generator that always yields one given state, because `keras.random` takes no seed tensors."""

    def __init__(self, state):
        self._given = state

    def next(self, ordered=True):
        """Return the given state without advancing it."""
        return self._given
