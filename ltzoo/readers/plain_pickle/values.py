"""What a pickle may hold besides plain values, and the error for everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PickleError(ValueError):
    """The bytes are not a pickle of plain values; the message says why."""


class Named:
    """A name from the caller's table, as a pickle holds it before it is called.

    Args:
        name: module and name, joined by a dot.
        call: makes the value from the arguments in the pickle; None for a name that is a value itself.
    """

    def __init__(self, name: str, call: Callable[..., Any] | None):
        self.name = name
        self.call = call


class Built:
    """A value that a pickle completes by its opcode BUILD; subclasses check the state."""

    def build(self, state: Any) -> None:
        """Take the state from the pickle.

        Raises:
            PickleError: the state is not the expected one.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement build(state).")
