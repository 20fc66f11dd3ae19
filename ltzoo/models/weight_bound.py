"""Bound the number of weights of a network that a stranger's file describes, before memory is used for them."""

from __future__ import annotations

import math
from typing import Any

import keras

from ltzoo.keras_internals import replace_deferred_variables

# Weights of a network without a file of weights: 4 GiB in float32.
MOST_WEIGHTS = 1 << 30
# Weights that a small file may lack, such as the states of random layers.
_FEW = 1 << 20


class TooManyWeights(ValueError):
    """A network has more weights than its file can hold."""


def most_weights(stored: int | None) -> int:
    """Return how many weights a network may have.

    Args:
        stored: numbers in its weights file, or bytes of the file (a number has at least one); None without a file.
    """
    return MOST_WEIGHTS if stored is None else 2 * stored + _FEW


class WeightBound(keras.StatelessScope):
    """Scope in which layers describe their weights and get none; a network with too many is refused.

    Build the network once in this scope and forget it, then build it again. Other threads are unaffected.

    Args:
        most: number of weights that are allowed.

    Raises:
        TooManyWeights: when a layer asks for a weight beyond it.
    """

    def __init__(self, most: int):
        super().__init__(initialize_variables=False)
        self._most = most

    def __enter__(self):
        """Enter the scope."""
        self._before = replace_deferred_variables(_Counted(self._most))
        return super().__enter__()

    def __exit__(self, *exception: Any):
        """Leave the scope, and forget the weights that were asked for in it."""
        super().__exit__(*exception)
        replace_deferred_variables(self._before)


class _Counted(list):
    """Keras's list of weights that wait for their values."""

    def __init__(self, most):
        super().__init__()
        self._most, self._left = most, most

    def append(self, variable):
        self._left -= math.prod(variable.shape)
        if self._left < 0:
            raise TooManyWeights(
                f"the network may have {self._most:,} weights, by the size of its weights file, and has more. "
                f"Received: {variable.path[:200]} of shape {tuple(variable.shape)}"
            )
        super().append(variable)
