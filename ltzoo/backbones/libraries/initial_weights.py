"""Initial weights of networks that take no seed, as a function of one all the same."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Networks that are built inside start from weights drawn from `seed`; None changes nothing.

    An initializer of Keras without a seed takes one from Python's `random`, whose state is put back at the end.
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
