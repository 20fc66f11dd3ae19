"""The callback that hands the measures of every epoch to a logger."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo import checks, loggers
from ltzoo.files import atomic_write
from ltzoo.readers import json_text

_BYTES = 100_000


class LogTo(keras.callbacks.Callback):
    """Write the measures of all stages to TensorBoard, MLflow or Weights & Biases, with one count of epochs.

        model.fit(dataset, callbacks=[ltzoo.training.LogTo("tensorboard", "runs/photos/logs")])

    The settings of the recipe are written once. A resumed training appends: epochs that are there already, because the
    training ended between their end and their checkpoint, are not written again.

    Args:
        logger: one of `ltzoo.loggers.names()`.
        folder: the folder of all loggers; this one gets a folder in it.
        title: what to call the training; default: the name of the folder's parent.
        settings: more settings to write, as plain values.
        resume: continue what is in the folder, as `fit(dataset, resume=True)` does; otherwise it must be new.

    Raises:
        ImportError: the logger's library is not installed.
        TypeError, ValueError: an argument is wrong, or the folder holds another training.
    """

    one_training = True

    def __init__(
        self,
        logger: str,
        folder: str | os.PathLike,
        title: str | None = None,
        settings: Mapping[str, Any] | None = None,
        resume: bool = False,
    ) -> None:
        super().__init__()
        loggers.check(logger)
        checks.flag("resume", resume)
        if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
            raise TypeError(f"`folder` must be the path of a folder. {checks.received('folder', folder)}")
        self.logger, self.folder = logger, Path(folder) / logger
        self.title = Path(folder).resolve().parent.name if title is None else title
        self.more = dict(settings or {})
        self._memory_file = self.folder / "ltzoo.json"
        self._memory = self._remembered(resume)
        self._open: loggers.Logger | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the logger, and write the settings the first time."""
        memory = self._memory.setdefault("logger", {})
        self._open = loggers.open_logger(self.logger, self.folder, self.title, memory)
        self._remember()
        if not self._memory.get("settings"):
            self._open.settings(plain_settings(self.model, self.more))
            self._memory["settings"] = True
            self._remember()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write an epoch that is not there yet."""
        if self._open is None or epoch + 1 <= self._memory.get("last_step", 0):
            return
        values = {name: float(ops.convert_to_numpy(value)) for name, value in (logs or {}).items()}
        self._open.scalars(epoch + 1, values)
        self._memory["last_step"] = epoch + 1
        self._remember()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the logger."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _remembered(self, resume):
        if not self._memory_file.exists():
            return {}
        if not resume:
            raise ValueError(
                "`folder` holds the log of another training. Use a new folder, or resume=True to continue it. "
                f"Received: folder={str(self.folder.parent)!r}"
            )
        content = json_text.read(self._memory_file, _BYTES)
        right = (
            isinstance(content, dict)
            and checks.is_integer(content.get("last_step", 0))
            and isinstance(content.get("logger", {}), dict)
        )
        if not right:
            raise ValueError(
                f"{self._memory_file} must say what was logged. Remove {self.folder} to log anew. "
                f"Received: {checks.shortened(content)}"
            )
        return content

    def _remember(self):
        with atomic_write(self._memory_file) as temporary:
            temporary.write_text(json.dumps(self._memory) + "\n", encoding="utf-8")


def plain_settings(model: Any, more: Mapping[str, Any] = {}) -> dict[str, str | int | float | bool]:
    """Return the settings of a classifier's training as one flat dict, such as `stage1.schedule.learning_rate`.

    Args:
        model: the classifier.
        more: settings to put before them.
    """
    recipe = model.recipe.to_dict()
    stages = {f"stage{number}": stage for number, stage in enumerate(recipe.pop("stages"), start=1)}
    recipe.pop("description", None)
    recipe.pop("citation", None)
    nested = {
        **more,
        "recipe": recipe,
        **stages,
        "backbone": model.backbone.name,
        "classes": model.num_classes,
        "training_images": int(np.sum(model.class_counts)),
        "seed": model.seed,
        "backend": keras.backend.backend(),
    }
    return dict(_flat("", nested))


def _flat(name, value):
    if isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), entry)
    elif isinstance(value, (bool, int, float, str)):
        yield name, value
    elif value is not None and value != {} and value != []:
        yield name, json.dumps(value, default=str)
