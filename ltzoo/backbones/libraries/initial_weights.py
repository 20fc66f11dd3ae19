"""Seeded initial weights for networks that take no seed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Draw the initial weights of networks built inside from `seed`; None changes nothing.

    Keras initializers without a seed take one from Python's `random`; its state is restored at the end.
    """
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(int(seed))
    try:
        yield
    finally:
        random.setstate(state)
