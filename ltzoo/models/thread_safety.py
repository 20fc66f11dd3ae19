"""Models that several threads may use at once: predictions take turns, and a training keeps others out."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from keras import Model as _Base
else:
    _Base = object


class _Turns:
    """The lock of a model, and the thread that trains it."""

    def __init__(self):
        self.lock = threading.RLock()
        self.trainer: int | None = None

    @contextlib.contextmanager
    def use(self, what: str) -> Iterator[None]:
        with self.lock:
            # JAX moves the weights out of the model while it trains; elsewhere they are there, and change.
            if keras.backend.backend() == "jax" and self.trainer not in (None, threading.get_ident()):
                raise RuntimeError(
                    f"`{what}` must wait until the training ends, or use a copy of the model: on JAX a model in "
                    f"training has no weights for other threads. Received: `{what}` in another thread than `fit`"
                )
            yield

    @contextlib.contextmanager
    def train(self) -> Iterator[None]:
        me = threading.get_ident()
        with self.lock:
            before = self.trainer
            if before not in (None, me):
                raise RuntimeError(
                    "`fit` must run in one thread at a time. Received: `fit` of a model that another thread trains"
                )
            self.trainer = me
        try:
            yield
        finally:
            self.trainer = before


@contextlib.contextmanager
def _weights_return(model: Any) -> Iterator[None]:
    """Put the weights of the last step back into a model when an error ends its training, where JAX moved them out."""
    try:
        yield
    except BaseException:
        if keras.backend.backend() == "jax":
            model.jax_state_sync()
        raise


def in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a `ThreadSafe` model wait until no other thread is in such a method of this model."""

    @functools.wraps(method)
    def waiting(self, *args, **kwargs):
        with self.turns.use(method.__name__), _weights_return(self):
            return method(self, *args, **kwargs)

    return waiting


def alone(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a `ThreadSafe` model train it, in one thread at a time."""

    @functools.wraps(method)
    def training(self, *args, **kwargs):
        with self.turns.train(), _weights_return(self):
            return method(self, *args, **kwargs)

    return training


class ThreadSafe(_Base):
    """Mixin for a `keras.Model` whose methods may be called from several threads at once.

    Keras moves the weights of a model out of it during `predict` and `evaluate` on JAX, and shares compiled functions,
    metrics and flags on every backend. So one thread at a time computes with a model; different models do not wait for
    each other. While a thread runs `fit`, a second `fit` raises a `RuntimeError`, and so does any use by another
    thread on JAX.
    """

    @property
    def turns(self) -> _Turns:
        """The lock of this model."""
        return self.__dict__.get("_turns") or self.__dict__.setdefault("_turns", _Turns())

    def __call__(self, *args, **kwargs):
        """Compute logits; see `keras.Model`."""
        if keras.backend.backend() == "jax":
            with self.turns.use("__call__"):
                return super().__call__(*args, **kwargs)
        # Weights stay in place, and a `tf.distribute` strategy calls a model from one thread per replica.
        return super().__call__(*args, **kwargs)

    @in_turn
    def predict(self, *args, **kwargs):
        """Compute logits of many images as a NumPy array; see `keras.Model.predict`."""
        return super().predict(*args, **kwargs)

    @in_turn
    def predict_on_batch(self, *args, **kwargs):
        """Compute logits of one batch as a NumPy array; see `keras.Model.predict_on_batch`."""
        return super().predict_on_batch(*args, **kwargs)

    @in_turn
    def evaluate(self, *args, **kwargs):
        """Compute the compiled loss and metrics; see `keras.Model.evaluate`."""
        return super().evaluate(*args, **kwargs)

    @in_turn
    def test_on_batch(self, *args, **kwargs):
        """Compute the compiled loss and metrics of one batch; see `keras.Model.test_on_batch`."""
        return super().test_on_batch(*args, **kwargs)

    @in_turn
    def train_on_batch(self, *args, **kwargs):
        """Train on one batch; see `keras.Model.train_on_batch`."""
        return super().train_on_batch(*args, **kwargs)
