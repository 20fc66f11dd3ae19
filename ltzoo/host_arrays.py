"""Arrays whose values are known now, on the host: what a check may read without a wait."""

from __future__ import annotations

from typing import Any

import numpy as np


def host_array(value: Any) -> np.ndarray | None:
    """Return a value as a NumPy array, or None if its numbers are not known or would have to be waited for.

    Tensors of a compiled program have no numbers yet. PyTorch trains without compiling, so a tensor on its accelerator
    is left alone: reading it would hold up the queue of every step.
    """
    if isinstance(value, np.ndarray):
        return value
    import keras  # Only here, so that datasets can be listed and read without Keras.

    from ltzoo.keras_internals import in_symbolic_scope

    if in_symbolic_scope():
        return None
    if keras.backend.backend() == "torch":
        import torch

        if torch.compiler.is_compiling():
            return None
    try:
        return np.asarray(value)
    # Every backend has its own error for a tensor without numbers.
    except Exception:
        return None
