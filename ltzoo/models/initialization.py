"""Set initial weights as a function of a seed, without touching global random state; or skip them."""

import contextlib
import zlib

import keras
import numpy as np

from ltzoo.keras_internals import (
    deferred_variables,
    is_deferred,
    layers_of,
    replace_deferred_variables,
    set_deferred_initializer,
)


def without_initial_values() -> contextlib.AbstractContextManager:
    """Return a context in which new layers start from ones, for models whose weights are loaded next.

    JAX compiles a function for each shape that is drawn or filled, which is most of the time to build a network there.
    On the other backends initial values cost next to nothing, and the context does nothing.

    The context is a `keras.StatelessScope`, Keras's own way to build layers whose variables get their values later.
    Keras keeps scopes and waiting variables per thread, so other threads are unaffected, and nothing in Keras is
    patched.
    """
    return _OnesLater() if keras.backend.backend() == "jax" else contextlib.nullcontext()


class _OnesLater(keras.StatelessScope):
    """Scope that leaves its new floating-point variables at ones, or at the value assigned inside it.

    Variables of other dtypes, such as the states of random layers, start from their own initial values.
    """

    def __enter__(self):
        self.variables = []
        self.before = deferred_variables()
        return super().__enter__()

    def get_current_value(self, variable):
        """Return the value assigned in the scope, or ones for a new floating-point variable, or None."""
        value = super().get_current_value(variable)
        return (
            _ones(variable.shape, variable.dtype) if value is None and _starts_from_ones(variable) else value
        )

    def add_update(self, update):
        """Record an assignment `(variable, value)`."""
        self.variables.append(update[0])
        super().add_update(update)

    def __exit__(self, *exception):
        done = False
        try:
            if exception[0] is None:
                self._set_initializers()
            else:
                replace_deferred_variables(self.before)
            existing = [variable for variable in self.variables if not is_deferred(variable)]
            super().__exit__(*exception)
            done = True
        finally:
            if not done:  # Out of memory: a variable that waits for ever would end all later models.
                replace_deferred_variables(self.before)
        for variable in existing:
            variable.assign(self.state_mapping[id(variable)])

    def _set_initializers(self):
        for variable in deferred_variables()[len(self.before) :]:
            if id(variable) in self.state_mapping:
                set_deferred_initializer(variable, _constant(self.state_mapping[id(variable)]))
            elif _starts_from_ones(variable):
                set_deferred_initializer(variable, _ones)


def _starts_from_ones(variable):
    return is_deferred(variable) and "float" in variable.dtype


def _constant(value):
    return lambda shape, dtype: value


def _ones(shape, dtype=None):
    dtype = keras.backend.standardize_dtype(dtype)
    if dtype == "bfloat16":  # NumPy does not have it.
        return keras.ops.ones(shape, dtype)
    return np.ones(shape, dtype)


def reinitialize(layer: keras.layers.Layer, seed: int) -> None:
    """Draw all random initial weights of a built layer or model again, from `seed`.

    Every kernel gets its own seed, made of `seed`, the layer's position and the kernel's name. So equal shapes do not
    get equal weights, and a seed always gives the same weights on one backend. Constant initial values are restored.
    """
    for place, part in enumerate(layers_of(layer)):
        for name in ("kernel", "embeddings", "depthwise_kernel", "pointwise_kernel", "magnitude"):
            initializer = getattr(part, f"{name}_initializer", None)
            variable = getattr(part, name, None)
            if initializer is None or variable is None:
                continue
            config = initializer.get_config()
            if "seed" in config:
                config["seed"] = zlib.crc32(f"{seed}/{place}/{name}".encode()) & 0x7FFFFFFF
                initializer = type(initializer).from_config(config)
            variable.assign(initializer(variable.shape, dtype=variable.dtype))
        bias = getattr(part, "bias", None)
        if bias is not None:
            initializer = getattr(part, "bias_initializer", None) or keras.initializers.Zeros()
            bias.assign(initializer(bias.shape, dtype=bias.dtype))
