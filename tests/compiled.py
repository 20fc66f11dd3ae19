"""A function of arrays as the backend compiles it: XLA on JAX and TensorFlow, as it is on PyTorch."""

import keras


def compiled(function, xla=True):
    """`function(*arrays)` on tensors; without `xla` TensorFlow builds a plain graph."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla, reduce_retracing=True)
    return lambda *arrays: function(*map(keras.ops.convert_to_tensor, arrays))
