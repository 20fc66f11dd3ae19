"""Value and gradient of a scalar function on the backend in use."""

import keras
import numpy as np


def value_and_gradient(function, x, dtype="float32"):
    """Value and gradient of ``function`` at ``x`` as NumPy arrays.

    Args:
        function: Maps one tensor of the backend to a scalar, or a list of tensors to a scalar.
        x: NumPy array, or a list of them.
        dtype: Type of the tensors. JAX computes in float32 unless its x64 mode is on.
    """
    many = isinstance(x, (list, tuple))
    arrays = [keras.ops.convert_to_tensor(np.asarray(a), dtype=dtype) for a in (x if many else [x])]

    def call(*tensors):
        return function(list(tensors)) if many else function(tensors[0])

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(arrays)
            value = call(*arrays)
        gradients = tape.gradient(value, arrays)
    elif backend == "jax":
        import jax

        value, gradients = jax.value_and_grad(call, argnums=tuple(range(len(arrays))))(*arrays)
    elif backend == "torch":
        import torch

        arrays = [a.detach().clone().requires_grad_(True) for a in arrays]
        value = call(*arrays)
        gradients = torch.autograd.grad(value, arrays)
    else:
        raise NotImplementedError(f"No gradients for this backend. Received: {backend}")
    gradients = [keras.ops.convert_to_numpy(g) for g in gradients]
    return keras.ops.convert_to_numpy(value), gradients if many else gradients[0]
