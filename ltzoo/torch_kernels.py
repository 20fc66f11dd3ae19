"""Kernels of one filter, in a layout that PyTorch can train on every processor."""

from __future__ import annotations

import math
from typing import Any

import keras


def settle_kernels(model: keras.Model) -> None:
    """Give every kernel of one output channel of a model unambiguous strides; numbers and memory stay as they are.

    Keras gives PyTorch its kernels `[height, width, in, out]` as a view with other axes. With `out` = 1 two layouts
    describe that view, and PyTorch's convolution for one image on one thread picks another layout than its gradient:
    "slow_conv2d: grad_weight must be contiguous". A stride of the last axis as in the first layout decides it.

    On other backends this does nothing.
    """
    if keras.backend.backend() != "torch":
        return
    import torch

    for variable in model.variables:
        shape = tuple(variable.shape)
        value: Any = variable.value
        if len(shape) >= 3 and shape[-1] == 1 and value.is_contiguous():
            strides = (*value.stride()[:-1], math.prod(shape))
            value.data = torch.as_strided(value.data, shape, strides)
