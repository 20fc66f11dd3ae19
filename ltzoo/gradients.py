"""Gradients of a function of tensors, differentiable again, on every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


def value_and_gradients(function: Callable[[list[Any]], Any], values: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return `function(values)` and its gradient with respect to each value.

    Both can be differentiated again: by another `value_and_gradients` around this one, and by the training step. Wrap
    them in `keras.ops.stop_gradient` where that is not wanted.

    Args:
        function: takes a list of tensors and returns a scalar. Other uses of `values` in it are constants.
        values: float tensors.

    Returns:
        (scalar, gradients): a value that the function does not depend on has a gradient of zeros.
    """
    return _BACKENDS[keras.backend.backend()](function, [ops.convert_to_tensor(value) for value in values])


def _tensorflow(function, values):
    import tensorflow as tf

    values = [tf.identity(value) for value in values]  # Other uses of them are constants, as on JAX.
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values)
    return result, tape.gradient(result, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _jax(function, values):
    import jax

    return jax.value_and_grad(function)(values)


def _torch(function, values):
    import torch

    with torch.enable_grad():
        values = [
            value.clone() if value.requires_grad else value.detach().requires_grad_() for value in values
        ]
        result = function(values)
        found = torch.autograd.grad(result, values, create_graph=True, allow_unused=True)
    gradients = [
        torch.zeros_like(value) if gradient is None else gradient
        for value, gradient in zip(values, found, strict=True)
    ]
    return result, gradients


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
