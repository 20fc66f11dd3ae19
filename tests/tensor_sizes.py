"""The largest tensor that a function and its gradient make, on the backend in use."""

import keras
import numpy as np


def largest_tensor(function, arrays):
    """Elements of the largest tensor in the computation of a scalar function and its gradient.

    Args:
        function: Maps a list of float32 tensors to a scalar.
        arrays: NumPy arrays.
    """
    arrays = [keras.ops.convert_to_tensor(a, dtype="float32") for a in arrays]
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        @tf.function
        def gradient(*tensors):
            with tf.GradientTape() as tape:
                tape.watch(tensors)
                value = function(list(tensors))
            return tape.gradient(value, tensors)

        graph = gradient.get_concrete_function(*arrays).graph
        shapes = [output.shape for operation in graph.get_operations() for output in operation.outputs]
        assert all(None not in shape for shape in shapes if shape.rank is not None)
        return max(int(np.prod(shape)) for shape in shapes if shape.rank)
    if backend == "jax":
        import jax

        jaxpr = jax.make_jaxpr(jax.grad(lambda *tensors: function(list(tensors)), tuple(range(len(arrays)))))
        return max(_sizes(jaxpr(*arrays).jaxpr))
    from torch.utils import _python_dispatch, _pytree

    found = []

    class Record(_python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
            result = operation(*arguments, **(keywords or {}))
            found.extend(leaf.numel() for leaf in _pytree.tree_leaves(result) if hasattr(leaf, "numel"))
            return result

    arrays = [a.detach().clone().requires_grad_(True) for a in arrays]
    with Record():
        function(arrays).backward()
    return max(found)


def _sizes(jaxpr):
    for equation in jaxpr.eqns:
        yield from (int(np.prod(variable.aval.shape)) for variable in equation.outvars)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from _sizes(inner)
