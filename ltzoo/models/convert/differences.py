"""Report the differences between a checkpoint and a model."""

from __future__ import annotations

import dataclasses

SHOWN = 4


@dataclasses.dataclass(frozen=True)
class Differences:
    """Differences by kind; if all lists are empty, every tensor is used once and every variable is filled.

    Attributes:
        missing: tensors that the model needs but the file does not hold.
        unexpected: tensors of the file without a place in the model.
        wrong_shape: (tensor, shape in the file, shape that fits).
        unfilled: variables of the model that no tensor of the layout fills.
    """

    missing: list = dataclasses.field(default_factory=list)
    unexpected: list = dataclasses.field(default_factory=list)
    wrong_shape: list = dataclasses.field(default_factory=list)
    unfilled: list = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.missing, self.unexpected, self.wrong_shape, self.unfilled))

    def __str__(self) -> str:
        """Return the count and the first few names of each kind."""
        shapes = [f"{name} {_shape(found)} instead of {_shape(fit)}" for name, found, fit in self.wrong_shape]
        kinds = (
            ("missing in the file", self.missing),
            ("in the file without a place in the model", self.unexpected),
            ("of another shape", shapes),
            ("variables of the model that nothing fills", self.unfilled),
        )
        return "; ".join(f"{len(names)} {kind}: {_first(names)}" for kind, names in kinds if names)


def _first(names):
    return ", ".join(names[:SHOWN]) + (f", and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _shape(shape):
    return "a vector" if shape is None else str(list(shape))
