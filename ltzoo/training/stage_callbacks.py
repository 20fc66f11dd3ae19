"""The user's callbacks in a training of several stages: which are refused, and which see one training."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import keras

from ltzoo.caller_warnings import warn_caller
from ltzoo.training.callback_state import callback_states, give_back, keep_lines

_SCHEDULE = (
    "each stage has the learning rates of its recipe. Set them with the recipe's `schedule`: "
    "ltzoo.recipes.get(name, schedule={'name': 'cosine', 'learning_rate': 0.1})"
)
_CHECKPOINT = (
    "it knows nothing of stages. Use `fit(dataset, checkpoint=FOLDER)`, and `resume=True` to continue"
)
_REFUSED = {
    "ReduceLROnPlateau": _SCHEDULE,
    "LearningRateScheduler": _SCHEDULE,
    "BackupAndRestore": _CHECKPOINT,
    "OrbaxCheckpoint": _CHECKPOINT,
}
# All others begin and end with every stage. EarlyStopping must: a loss is comparable within its stage only.
_ONE_TRAINING = (
    keras.callbacks.CSVLogger,
    keras.callbacks.History,
    keras.callbacks.LambdaCallback,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.RemoteMonitor,
    keras.callbacks.TensorBoard,
    keras.callbacks.TerminateOnNaN,
)


def check_callbacks(callbacks: Any, recipe: Any) -> list[keras.callbacks.Callback]:
    """Return the callbacks as a list, or raise an error before anything starts.

    Args:
        callbacks: None, a callback, a `CallbackList`, or a list or tuple of these.
        recipe: the recipe that trains.

    Raises:
        TypeError: something is no callback.
        ValueError: a callback cannot work in the stages of the recipe; the message says what to use.
    """
    found = list(_flat(callbacks, "callbacks"))
    for callback in found:
        for name, advice in _REFUSED.items():
            if isinstance(callback, getattr(keras.callbacks, name, ())):
                raise ValueError(
                    f"`callbacks` must not contain {name}: {advice}. "
                    f"Received: callbacks with a {type(callback).__name__}"
                )
        if isinstance(callback, keras.callbacks.SwapEMAWeights):
            _check_averages(recipe)
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            _warn_of_losses(callback, recipe)
        if isinstance(callback, (keras.callbacks.EarlyStopping, keras.callbacks.ModelCheckpoint)):
            _set_mode(callback)
    return found


class StageCallbacks:
    """The user's callbacks over all stages of one training.

    Args:
        callbacks: the callbacks.
        classifier: the classifier in training.
        done: the epochs that a resumed training has behind it.
    """

    def __init__(
        self, callbacks: list[keras.callbacks.Callback], classifier: Any, done: Collection[int] = ()
    ) -> None:
        self.callbacks = callbacks
        epochs = sum(stage.epochs for stage in classifier.recipe.stages)
        self._shown = [_shown(callback, classifier, epochs, done) for callback in callbacks]

    def of_stage(self) -> list[Any]:
        """Return the callbacks for the `fit` of one stage."""
        return list(self._shown)

    def state(self) -> dict[str, Any]:
        """Return what the callbacks remember, as arguments of `Checkpoint.save`."""
        entries, arrays = callback_states(self.callbacks)
        return {"callbacks": entries, "callback_arrays": arrays}

    def before_stage(self, state: dict[str, Any], same_stage: bool) -> None:
        """Restore what callbacks of a resumed training remembered, if their `on_train_begin` comes after that."""
        self._give_back(state, lambda callback: not same_stage and not _sees_one_training(callback))

    def after_begin(self, state: dict[str, Any], same_stage: bool) -> None:
        """Restore what callbacks of a resumed training remembered, if their `on_train_begin` came before that."""
        self._give_back(state, lambda callback: same_stage or _sees_one_training(callback))

    def within_epoch(self, state: dict[str, Any]) -> None:
        """Restore what all callbacks remembered in the middle of an epoch, once it has begun again."""
        self._give_back(state, lambda callback: True)

    def _give_back(self, state, chosen):
        give_back(list(filter(chosen, self.callbacks)), state["callbacks"], state["callback_arrays"])

    def end(self) -> None:
        """Call `on_train_end` of the callbacks that see one training."""
        for callback in self._shown:
            if isinstance(callback, _OneTraining):
                callback.end()


class _OneTraining:
    """Stand for a callback in every stage, and call its `on_train_begin` and `on_train_end` once.

    The callback sees the classifier as its model also where the head alone trains, and all epochs in its parameters.
    """

    def __init__(self, callback, classifier, epochs):
        self._callback, self._classifier, self._epochs = callback, classifier, epochs
        self._begun, self._logs = False, None

    def __getattr__(self, name):
        return getattr(self._callback, name)

    def set_model(self, model):
        if not self._begun:
            self._callback.set_model(self._classifier)

    def set_params(self, params):
        self._callback.set_params({**params, "epochs": self._epochs})

    def on_train_begin(self, logs=None):
        if not self._begun:
            self._begun = True
            self._begin(logs)

    def on_train_end(self, logs=None):
        self._logs = logs

    def end(self):
        if self._begun:
            self._callback.on_train_end(self._logs)

    def _begin(self, logs):
        self._callback.on_train_begin(logs)


class _ResumedLog(_OneTraining):
    """A `CSVLogger` of a resumed training: it continues its file, whatever its `append` says."""

    def __init__(self, callback, classifier, epochs, done):
        super().__init__(callback, classifier, epochs)
        self._done = done

    def _begin(self, logs):
        log = self._callback
        columns, append = keep_lines(log, self._done), log.append
        log.append = True
        try:
            log.on_train_begin(logs)
        finally:
            log.append = append
        if columns is not None:
            log.keys = columns[1:]


def _sees_one_training(callback):
    return isinstance(callback, _ONE_TRAINING) or getattr(callback, "one_training", False)


def _shown(callback, classifier, epochs, done):
    if not _sees_one_training(callback):
        return callback
    if isinstance(callback, keras.callbacks.CSVLogger) and done:
        return _ResumedLog(callback, classifier, epochs, done)
    return _OneTraining(callback, classifier, epochs)


def _flat(callbacks: Any, name: str) -> Iterator[keras.callbacks.Callback]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = list(callbacks.callbacks)
    if isinstance(callbacks, (list, tuple)):
        for position, callback in enumerate(callbacks):
            yield from _flat(callback, f"{name}[{position}]")
    elif isinstance(callbacks, keras.callbacks.Callback):
        yield callbacks
    elif callbacks is not None or name != "callbacks":
        made = "; call the class to make one" if isinstance(callbacks, type) else ""
        raise TypeError(
            f"`callbacks` must be a Keras callback or a list of Keras callbacks{made}. Received: {name}={callbacks!r}"
        )


def _check_averages(recipe):
    for number, stage in enumerate(recipe.stages, start=1):
        if stage.epochs and not dict(stage.optimizer).get("use_ema"):
            raise ValueError(
                "`callbacks` must not contain SwapEMAWeights unless the optimizers of all stages average weights. Use "
                "a recipe with them: ltzoo.recipes.get(name, optimizer={'name': 'adamw', 'use_ema': True}). "
                f"Received: stage {number} with optimizer={dict(stage.optimizer)}"
            )


def _warn_of_losses(callback, recipe):
    losses = {str((stage.loss, stage.technique)) for stage in recipe.stages if stage.epochs}
    if callback.save_best_only and callback.monitor in ("loss", "val_loss") and len(losses) > 1:
        warn_caller(
            "ModelCheckpoint compares losses of stages with different losses; monitor 'val_accuracy' instead. "
            f"Received: ModelCheckpoint with save_best_only=True and monitor={callback.monitor!r}"
        )


def _set_mode(callback):
    """Resolve the mode "auto", for which Keras would look into metrics that some stages build late."""
    if callback.mode == "auto" and callback.monitor in ("accuracy", "val_accuracy"):
        callback.mode = "max"
