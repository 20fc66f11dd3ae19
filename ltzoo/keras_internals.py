"""Every private name of Keras that the library uses, each behind its own function.

Keras promises nothing about these names. `tests/test_keras_internals.py` checks what each function relies on, so a new
Keras that changes a meaning fails there, and no other file uses a private name of Keras.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
from keras.src.backend.common import global_state
from keras.src.backend.common.symbolic_scope import in_symbolic_scope as _in_symbolic_scope

if TYPE_CHECKING:
    _Model = keras.Model
else:
    _Model = object


def layers_of(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Return a layer or model and all layers inside it, however deep, parents before their parts."""
    return layer._flatten_layers()


def parts_of(layer: keras.layers.Layer, recursive: bool = True) -> list[keras.layers.Layer]:
    """Return the layers inside a layer or model, without itself; only its direct parts if not `recursive`."""
    return layer._flatten_layers(include_self=False, recursive=recursive)


def own_trainable_variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the variables that a layer made as trainable, without those of its parts.

    They stay in the list when they are frozen, and so does the list when the layer is.
    """
    return layer._trainable_variables


def nodes_in_order(model: keras.Model) -> list[Any]:
    """Return the nodes of a functional or built sequential model, each after the nodes it depends on.

    A node is one call of an operation; its public attributes are `operation`, `arguments`, `input_tensors`,
    `outputs` and `is_input`.

    Raises:
        ValueError: the model is not a graph of layers.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if not hasattr(graph, "_nodes_by_depth"):
        raise ValueError(
            "`model` must be a functional or built sequential model; build it as keras.Model(inputs, outputs). "
            f"Received: model={model.name!r} of type {type(model).__name__}"
        )
    depths = graph._nodes_by_depth
    return [node for depth in sorted(depths, reverse=True) for node in depths[depth]]


def producer(tensor: keras.KerasTensor) -> Any:
    """Return the node whose operation made a symbolic tensor; see `nodes_in_order`."""
    operation, index, _ = tensor._keras_history
    return operation._inbound_nodes[index]


def position_in(optimizer: keras.optimizers.Optimizer, variable: Any) -> int:
    """Return the place of a variable among those that a built optimizer trains, such as in `momentums`.

    `variable` may also be the backend's own variable, which the TensorFlow backend gives to `update_step`.
    """
    return optimizer._get_variable_index(variable)


def trained_variable(optimizer: keras.optimizers.Optimizer, position: int) -> keras.Variable:
    """Return the variable at one place among those that a built optimizer trains; see `position_in`."""
    return optimizer._trainable_variables[position]


def averages_of(optimizer: keras.optimizers.Optimizer) -> list[tuple[keras.Variable, keras.Variable]]:
    """Return the variables that a built optimizer with `use_ema=True` averages, each with its average; else nothing."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # Of a `LossScaleOptimizer`.
    if not inner.use_ema:
        return []
    pairs = zip(inner._trainable_variables, inner._model_variables_moving_average, strict=True)
    return [(variable, average) for variable, average in pairs if average is not None]


def build_for_training(model: keras.Model, batch: tuple[Any, Any]) -> None:
    """Build the state of a compiled model (weights, metrics, optimizer) for batches like `(inputs, targets)`.

    Nothing is computed: `fit` then finds everything built, whatever it is given.
    """
    model._symbolic_build(data_batch=batch)


def untracked(owner: Any, name: str, value: Any) -> None:
    """Set an attribute of a layer or model past Keras's tracking, so that it owns no variables or layers in it.

    Keras collects every variable, layer and list in an attribute as a part of the owner, and saves it with it.
    """
    object.__setattr__(owner, name, value)


@contextlib.contextmanager
def unlocked(layer: keras.layers.Layer) -> Iterator[None]:
    """Let a built layer take new weights within the block; Keras refuses them otherwise."""
    locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        yield
    finally:
        if locked:
            layer._tracker.lock()


def deferred_variables() -> list[keras.Variable]:
    """Return the variables of this thread that were made in a `keras.StatelessScope` and have no value yet.

    They get one when the outermost scope ends; the list is a copy, in the order in which they were made.
    """
    return list(global_state.get_global_attribute("uninitialized_variables") or ())


def replace_deferred_variables(variables: list[keras.Variable]) -> list[keras.Variable]:
    """Set the list of this thread's variables that have no value yet, and return the list until now.

    Keras appends every variable that is made in a `keras.StatelessScope`, and its value is set when the outermost scope
    ends. A variable that is taken out of the list never gets one.
    """
    before = global_state.get_global_attribute("uninitialized_variables")
    global_state.set_global_attribute("uninitialized_variables", variables)
    return before if before is not None else []


def is_deferred(variable: keras.Variable) -> bool:
    """Return whether a variable was made in a `keras.StatelessScope` and has no value yet."""
    return variable._initializer is not None


def set_deferred_initializer(variable: keras.Variable, initializer: Callable[..., Any]) -> None:
    """Replace the function of `(shape, dtype)` that gives a deferred variable its first value."""
    variable._initializer = initializer


def in_symbolic_scope() -> bool:
    """Return whether Keras is computing shapes only; its tensors then hold no values, or made-up ones."""
    return _in_symbolic_scope()


def hidden_state(callback: keras.callbacks.Callback) -> tuple[str, ...]:
    """Return the names of private attributes in which a stock callback counts what it has seen."""
    kinds = {
        keras.callbacks.ModelCheckpoint: ("_batches_seen_since_last_saving",),
        keras.callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
        keras.callbacks.TensorBoard: ("_global_train_batch", "_global_test_batch"),
    }
    return tuple(name for kind, names in kinds.items() if isinstance(callback, kind) for name in names)


class KeepsValues(_Model):
    """Mixin for a `keras.Model` whose variables get their values back when an error ends a step on JAX.

    Keras moves the values out of the variables before the first step of an epoch and puts those of the last step back
    at the end. An error while the first step is traced would leave the variables without values. Put the mixin before
    `keras.Model`. On other backends, and in a step that an accelerator has begun, it does nothing.
    """

    if keras.backend.backend() == "jax":

        def _get_jax_state(self, *args: Any, **kwargs: Any) -> Any:
            optimizer = getattr(self, "optimizer", None)
            variables = [
                *self.variables,
                *(optimizer.variables if optimizer else ()),
                *self.metrics_variables,
            ]
            values = [(variable, variable._value) for variable in variables]
            state = super()._get_jax_state(*args, **kwargs)  # pyright: ignore[reportAttributeAccessIssue]
            lent = [(variable, value) for variable, value in values if variable._value is None]
            if lent:
                # The state of a step before the values came back would overwrite them.
                self._jax_state = None
            untracked(self, "_lent_values", lent)
            return state

        def jax_state_sync(self) -> None:
            """Put the values of the last step back; without a step, the values before it."""
            super().jax_state_sync()  # pyright: ignore[reportAttributeAccessIssue]
            for variable, value in self.__dict__.pop("_lent_values", ()):
                if variable._value is None and value is not None and not value.is_deleted():
                    variable._value = value
