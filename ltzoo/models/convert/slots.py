"""Map each tensor of a published file to the variables that it fills, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

# Axes of a PyTorch tensor in the order of Keras.
KERNEL = (2, 3, 1, 0)
MATRIX = (1, 0)


class CheckpointError(ValueError):
    """A checkpoint does not fit a model, or a model does not fit the layout to be written."""


@dataclasses.dataclass(frozen=True)
class Slot:
    """A tensor that equals a variable of the model, perhaps with its axes in another order.

    Attributes:
        key: "part/name" of the tensor: part of the file and original name.
        variables: the variables that get the tensor; it is written from the last one.
        axes: order of the tensor's axes in the variables; None for the same order.
        row: whether the tensor has a first axis of size 1 that the variables do not have.
        default: value of the variables if the file does not hold the tensor; None if the file must hold it.
        twin: key of an equal second tensor, in files that hold everything twice.
    """

    key: str
    variables: tuple = ()
    axes: tuple | None = None
    row: bool = False
    default: float | None = None
    twin: str | None = None

    @property
    def shape(self) -> tuple | None:
        """The shape of the tensor; None if several shapes fit."""
        shape = tuple(self.variables[-1].shape)
        if self.axes is not None:
            shape = tuple(shape[axis] for axis in np.argsort(self.axes))
        return (1, *shape) if self.row else shape

    def fits(self, shape: tuple) -> bool:
        """Return whether a tensor of this shape can fill the variables."""
        return tuple(shape) == self.shape

    def values(self, array: np.ndarray) -> list[tuple[keras.Variable, np.ndarray]]:
        """Return the variables, each with its value from the tensor `array`."""
        array = self._in_model_order(array[0] if self.row else array)
        return [(variable, array) for variable in self.variables]

    def array(self) -> np.ndarray:
        """Return the tensor, made from the last variable."""
        array = self._in_file_order(value_of(self.variables[-1]))
        return array[None] if self.row else array

    def merged(self, other: Slot) -> Slot:
        """Return a slot with the variables of this slot and of `other`, a slot of the same tensor."""
        if type(other) is not type(self) or (other.axes, other.row) != (self.axes, self.row):
            raise CheckpointError(
                f"`recipe` has two heads that use {self.key} in different ways; use a recipe with one of them. "
                f"Received: {type(self).__name__} and {type(other).__name__}"
            )
        return dataclasses.replace(other, variables=(*self.variables, *other.variables))

    def _in_model_order(self, array):
        return array if self.axes is None else array.transpose(self.axes)

    def _in_file_order(self, array):
        return array if self.axes is None else array.transpose(np.argsort(self.axes))


@dataclasses.dataclass(frozen=True)
class Counter(Slot):
    """`num_batches_tracked`, which PyTorch counts next to the moving averages and Keras does not need."""

    default: float | None = 0.0

    @property
    def shape(self):
        """The shape of a scalar."""
        return ()

    def values(self, array):
        """Return no values: the counter fills no variable."""
        return []

    def array(self):
        """Return 0."""
        return np.zeros((), np.int64)


@dataclasses.dataclass(frozen=True)
class Entries(Slot):
    """A vector whose first entries are one scalar variable each; the others are never read, and written as 1.

    Attributes:
        length: length of the vector that is written.
    """

    length: int = 0

    @property
    def shape(self):
        """None: the vector may be longer than the variables are many."""
        return None

    def fits(self, shape):
        """Return whether `shape` is a vector with an entry for every variable."""
        return len(shape) == 1 and shape[0] >= len(self.variables)

    def values(self, array):
        """Return each variable with its entry."""
        return list(zip(self.variables, array, strict=False))

    def array(self):
        """Return the vector: the variables, then ones."""
        array = np.ones(max(self.length, len(self.variables)), "float32")
        array[: len(self.variables)] = [value_of(variable) for variable in self.variables]
        return array


@dataclasses.dataclass(frozen=True)
class Offset(Slot):
    """The offset vector of a normalized batch normalization, whose layer treats short vectors differently.

    Attributes:
        radius: length below which they are treated differently: the layer's `bias_radius`.
    """

    radius: float = 0.0

    def values(self, array):
        """Return the variable with its value.

        Raises:
            CheckpointError: the vector is not 0 but shorter than `radius`.
        """
        length = float(np.linalg.norm(array.astype("float64")))
        if 0 < length < self.radius:
            raise CheckpointError(
                f"`bias_radius` must not exceed {length:.3g}, the length of {self.key}, or the layer does not compute "
                "the published function; build the model with the conversion {'name': 'nbn', 'bias_radius': 0}. "
                f"Received: bias_radius={self.radius}"
            )
        return super().values(array)


@dataclasses.dataclass(frozen=True)
class ShiftedKernel(Slot):
    """The single kernel in a file for a layer that computes with `base_factor * kernel + shift`.

    The last of `variables` is the shift, the one before it the kernel.

    Attributes:
        base_factor: the factor of the kernel.
    """

    base_factor: float = 1.0

    @property
    def shape(self):
        """The shape of the kernel in the file."""
        return Slot(self.key, self.variables[:1], self.axes).shape

    def values(self, array):
        """Return the kernels with the tensor, and the shift with what `base_factor * kernel` lacks of it."""
        array = self._in_model_order(array)
        shift = (1.0 - self.base_factor) * array
        return [*((variable, array) for variable in self.variables[:-1]), (self.variables[-1], shift)]

    def array(self):
        """Return `base_factor * kernel + shift`."""
        *_, kernel, shift = (value_of(variable) for variable in self.variables)
        return self._in_file_order((self.base_factor * kernel + shift).astype(kernel.dtype))


def value_of(variable: keras.Variable) -> np.ndarray:
    """Return the value of a variable as a copy."""
    return np.array(keras.ops.convert_to_numpy(variable.value))


class Table:
    """All slots of a model in a layout, and the variables that are constant in the layout.

    Attributes:
        slots: the slots by their key.
        constants: pairs of a variable and its value.
    """

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self.constants: list[tuple[keras.Variable, float]] = []

    def add(self, slot: Slot) -> None:
        """Add a slot; heads of several stages may share a tensor."""
        known = self.slots.get(slot.key)
        if known is not None and isinstance(slot, ShiftedKernel):
            slot = dataclasses.replace(slot, variables=(*known.variables, *slot.variables))
        elif known is not None:
            slot = known.merged(slot)
        self.slots[slot.key] = slot

    def add_constant(self, variable: keras.Variable, value: float) -> None:
        """Add a variable that has this value in every model that the layout can express."""
        self.constants.append((variable, value))

    def add_norm(self, key: str, layer: Any, offset: Slot | None = None) -> None:
        """Add the tensors of a batch normalization layer.

        Args:
            key: prefix of the tensors' keys.
            layer: the layer.
            offset: slot of `beta`; None for a plain one.
        """
        if layer.gamma is not None:
            self.add(Slot(f"{key}.weight", (layer.gamma,)))
        if layer.beta is not None:
            self.add(offset or Slot(f"{key}.bias", (layer.beta,)))
        self.add(Slot(f"{key}.running_mean", (layer.moving_mean,)))
        self.add(Slot(f"{key}.running_var", (layer.moving_variance,)))
        self.add(Counter(f"{key}.num_batches_tracked"))
