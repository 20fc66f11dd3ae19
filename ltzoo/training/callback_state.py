"""What callbacks remember, saved in a checkpoint and given back when a training resumes."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.files import atomic_write
from ltzoo.keras_internals import hidden_state

_REMEMBERED = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch", "best_weights", "stopped_epoch"),
    keras.callbacks.ModelCheckpoint: ("best",),
}


def callback_states(
    callbacks: Sequence[keras.callbacks.Callback],
) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    """Return what `callbacks` remember: an entry for JSON per callback, and the arrays that the entries refer to.

    These are the counters and best values of Keras's stock callbacks, and the attributes that a callback of the user
    names in an attribute `remembers = ("count", ...)`: numbers, texts, lists or dicts of these, or lists of arrays.

    Raises:
        TypeError: such an attribute holds something else.
    """
    entries, arrays = [], []
    for callback in callbacks:
        values = {}
        for name in _names(callback):
            value: Any = getattr(callback, name, None)
            if _is_arrays(value):
                values[name] = {"first": len(arrays), "arrays": len(value)}
                arrays.extend(np.asarray(array) for array in value)
            else:
                values[name] = {"value": _plain(callback, name, value)}
        entries.append({"class": type(callback).__name__, "values": values})
    return entries, arrays


def give_back(
    callbacks: Sequence[keras.callbacks.Callback],
    entries: Sequence[dict[str, Any]],
    arrays: Sequence[np.ndarray],
) -> None:
    """Set the attributes that `callback_states` returned.

    The first callback of a class gets what the first of that class remembered, and so on; others stay as they are.

    Args:
        callbacks: the callbacks of the resumed training.
        entries, arrays: from `callback_states`.
    """
    waiting = list(entries)
    for callback in callbacks:
        entry = next((entry for entry in waiting if entry["class"] == type(callback).__name__), None)
        if entry is None:
            continue
        waiting.remove(entry)
        for name in set(_names(callback)) & set(entry["values"]):
            saved = entry["values"][name]
            value = saved.get("value")
            if "arrays" in saved:
                value = list(arrays[saved["first"] : saved["first"] + saved["arrays"]])
            setattr(callback, name, value)


def keep_lines(log: keras.callbacks.CSVLogger, epochs: Collection[int]) -> list[str] | None:
    """Drop the last lines of a CSV log that are not of `epochs`, and return its columns; None without a log.

    A training that is killed after a line was written, but before its checkpoint, trains that epoch again.
    """
    path = Path(log.filename)
    if not path.is_file():
        return None
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file, delimiter=log.sep))
    if not lines:
        return None
    wanted = {str(epoch) for epoch in epochs}
    while len(lines) > 1 and (len(lines[-1]) != len(lines[0]) or lines[-1][0] not in wanted):
        lines.pop()
    with atomic_write(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=log.sep).writerows(lines)
    return lines[0]


def _names(callback):
    stock = [name for kind, names in _REMEMBERED.items() if isinstance(callback, kind) for name in names]
    return [*stock, *hidden_state(callback), *getattr(callback, "remembers", ())]


def _is_arrays(value):
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(part, np.ndarray) for part in value)
    )


def _plain(callback, name, value):
    if isinstance(value, np.generic) or keras.ops.is_tensor(value):
        value = np.asarray(ops.convert_to_numpy(value)).tolist()
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        raise TypeError(
            f"`{type(callback).__name__}.{name}` must hold numbers, texts, lists or dicts of these, or a list of "
            f"arrays, to be kept in the checkpoint. Received: {name}={value!r}"
        ) from None
