"""One tensor of a published file: the variables that it fills, and how it is made from them again."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

# Axes of a tensor of PyTorch in the order of Keras.
KERNEL = (2, 3, 1, 0)
MATRIX = (1, 0)


class CheckpointError(ValueError):
    """A checkpoint does not fit a model, or a model the layout that it shall be written in."""


@dataclasses.dataclass(frozen=True)
class Slot:
    """A tensor that is a variable of the model with its axes in another order.

    Attributes:
        key: "part/name" of the tensor: part of the file and original name.
        variables: all of them get the tensor; it is written from the last one.
        axes: order of the tensor's axes in the variables; None if it is the same.
        row: the tensor has a first axis of size 1 that the variables do not have.
        default: what fills the variables where the file does not hold the tensor; None if it must.
        twin: key of a second tensor that equals this one, in files that hold everything twice.
    """

    key: str
    variables: tuple = ()
    axes: tuple | None = None
    row: bool = False
    default: float | None = None
    twin: str | None = None

    @property
    def shape(self) -> tuple | None:
        """Shape of the tensor; None where several shapes are right."""
        shape = tuple(self.variables[-1].shape)
        if self.axes is not None:
            shape = tuple(shape[axis] for axis in np.argsort(self.axes))
        return (1, *shape) if self.row else shape

    def fits(self, shape: tuple) -> bool:
        """Whether a tensor of that shape can fill the variables."""
        return tuple(shape) == self.shape

    def values(self, array: np.ndarray) -> list[tuple[keras.Variable, np.ndarray]]:
        """The value of each variable."""
        array = array[0] if self.row else array
        array = array if self.axes is None else array.transpose(self.axes)
        return [(variable, array) for variable in self.variables]

    def array(self) -> np.ndarray:
        """The tensor, from the last variable."""
        array = value_of(self.variables[-1])
        array = array if self.axes is None else array.transpose(np.argsort(self.axes))
        return array[None] if self.row else array

    def merged(self, other: Slot) -> Slot:
        """This slot with the variables of another of the same tensor too."""
        if type(other) is not type(self) or (other.axes, other.row) != (self.axes, self.row):
            raise CheckpointError(
                f"Two heads of the model take {self.key} in different ways; use a recipe with one of them. "
                f"Received: {type(self).__name__} and {type(other).__name__}"
            )
        return dataclasses.replace(other, variables=(*self.variables, *other.variables))


@dataclasses.dataclass(frozen=True)
class Counter(Slot):
    """`num_batches_tracked`, which PyTorch counts beside the moving averages and nothing here needs."""

    default: float | None = 0.0

    @property
    def shape(self):
        return ()

    def values(self, array):
        return []

    def array(self):
        return np.zeros((), np.int64)


@dataclasses.dataclass(frozen=True)
class Entries(Slot):
    """A vector whose first entries are one scalar variable each; the others are never read (1 when written)."""

    length: int = 0

    @property
    def shape(self):
        return None

    def fits(self, shape):
        return len(shape) == 1 and shape[0] >= len(self.variables)

    def values(self, array):
        return list(zip(self.variables, array, strict=False))

    def array(self):
        array = np.ones(max(self.length, len(self.variables)), "float32")
        array[: len(self.variables)] = [value_of(variable) for variable in self.variables]
        return array


@dataclasses.dataclass(frozen=True)
class Offset(Slot):
    """The offset's direction of a normalized batch normalization, whose layer treats short ones differently."""

    radius: float = 0.0

    def values(self, array):
        length = float(np.linalg.norm(array.astype("float64")))
        if 0 < length < self.radius:
            raise CheckpointError(
                f"{self.key} has length {length:.3g}, and a layer with a larger bias_radius does not compute "
                "the published function there; build the model with the conversion "
                f"{{'name': 'nbn', 'bias_radius': 0}}. Received: bias_radius={self.radius}"
            )
        return super().values(array)


@dataclasses.dataclass(frozen=True)
class ShiftedKernel(Slot):
    """The one kernel of a file for a layer that computes with `base_factor * kernel + shift`: (kernel, shift)."""

    base_factor: float = 1.0

    @property
    def shape(self):
        return Slot(self.key, self.variables[:1], self.axes).shape

    def values(self, array):
        array = array.transpose(self.axes)
        shift = (1.0 - self.base_factor) * array
        return [*((variable, array) for variable in self.variables[:-1]), (self.variables[-1], shift)]

    def array(self):
        *_, kernel, shift = (value_of(variable) for variable in self.variables)
        return (self.base_factor * kernel + shift).astype(kernel.dtype).transpose(np.argsort(self.axes))


def value_of(variable: keras.Variable) -> np.ndarray:
    """The value of a variable in memory of its own."""
    return np.array(keras.ops.convert_to_numpy(variable.value))


class Table:
    """All slots of a model in a layout, and the variables that the layout knows to be constant."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self.constants: list[tuple[keras.Variable, float]] = []

    def add(self, slot: Slot) -> None:
        """Adds a slot; heads of several stages may share a tensor."""
        known = self.slots.get(slot.key)
        if known is not None and isinstance(slot, ShiftedKernel):
            slot = dataclasses.replace(slot, variables=(*known.variables, *slot.variables))
        elif known is not None:
            slot = known.merged(slot)
        self.slots[slot.key] = slot

    def add_constant(self, variable: keras.Variable, value: float) -> None:
        """A variable that has this value in every model that the layout can express."""
        self.constants.append((variable, value))

    def add_norm(self, key: str, layer: Any, offset: Slot | None = None) -> None:
        """The tensors of a batch normalization layer whose names begin with `key`."""
        if layer.gamma is not None:
            self.add(Slot(f"{key}.weight", (layer.gamma,)))
        if layer.beta is not None:
            self.add(offset or Slot(f"{key}.bias", (layer.beta,)))
        self.add(Slot(f"{key}.running_mean", (layer.moving_mean,)))
        self.add(Slot(f"{key}.running_var", (layer.moving_variance,)))
        self.add(Counter(f"{key}.num_batches_tracked"))
