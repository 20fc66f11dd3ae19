"""Initial bias of a classifier with one sigmoid per class."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class PriorBias(keras.initializers.Initializer):
    """Initialize the bias of all C classes to -log(C - 1), so that every sigmoid starts at 1 / C.

    Without it a sigmoid loss of C classes starts at C log 2, and the first steps only push all logits down (Lin et al.,
    ICCV 2017, Section 3.3; Cui et al., CVPR 2019, Section 4.4). A single class gets 0.
    """

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a bias of shape [C]."""
        return ops.full(tuple(shape), -math.log(max(shape[-1] - 1, 1)), dtype=dtype or keras.config.floatx())

    def get_config(self):
        """Return an empty dictionary: there are no arguments."""
        return {}
