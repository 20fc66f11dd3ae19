"""Errors of Python functions in a pipeline of `tf.data`, raised as they were."""

from __future__ import annotations

import collections
import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

_LAST_ERRORS: collections.deque[Exception] = collections.deque(maxlen=8)


def remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, whose errors `original_errors` then knows."""

    @functools.wraps(function)
    def remembered(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            _LAST_ERRORS.append(error)
            raise

    return remembered


@contextlib.contextmanager
def original_errors() -> Iterator[None]:
    """Raise what failed while a batch was made, rather than TensorFlow's `UnknownError` about it.

    A pipeline of `tf.data` turns every error of a Python function into one of its own types. Inside this context, or
    in a function decorated with `@original_errors()`, the same error comes as on the other backends. So an image that
    is damaged during training is an `UnreadableImageError` everywhere.
    """
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("tensorflow."):
            raise
        said = str(error)
        alike = [kept for kept in list(_LAST_ERRORS) if f"{type(kept).__name__}: " in said]
        told = [kept for kept in alike if str(kept) in said]
        # TensorFlow drops a text that is no UTF-8, such as the name of a file in another encoding.
        dropped = [kept for kept in alike if str(kept).encode("utf-8", "ignore").decode() != str(kept)]
        for original in told or dropped[-1:]:
            _LAST_ERRORS.remove(original)
            raise original from error
        raise
