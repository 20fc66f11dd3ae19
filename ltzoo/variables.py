"""Copying values between variables."""

import keras
import numpy as np


def assign_copy(target: keras.Variable, source: keras.Variable) -> None:
    """Give one variable the value of another, copied into its own memory.

    `target.assign(source)` may share the memory on JAX, and a training step donates its buffers: it would then find
    one buffer twice, or a value that is gone.
    """
    target.assign(np.array(keras.ops.convert_to_numpy(source.value)))
