"""A run of Weights & Biases, offline unless the environment says otherwise."""

from __future__ import annotations

import importlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo.loggers.registry import register


@register("wandb", modules=("wandb",), package="wandb")
class WandbLogger:
    """Write a run of the project "ltzoo". Send it later with `wandb sync RUN/logs/wandb/wandb/offline-run-*`.

    Nothing leaves the machine unless WANDB_MODE=online is set. A resumed training has the same run id, so that both
    parts become one run; send the later one with `wandb sync --append`.
    """

    def __init__(self, folder: Path, title: str, memory: dict[str, Any]) -> None:
        wandb: Any = importlib.import_module("wandb")
        memory.setdefault("run", uuid.uuid4().hex[:12])
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "ltzoo"),
            name=title,
            dir=str(folder),
            id=str(memory["run"]),
            resume="allow",
            mode=os.environ.get("WANDB_MODE", "offline"),
            settings=wandb.Settings(silent=True, console="off"),
        )

    def settings(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Write the settings as the run's configuration."""
        self._run.config.update(dict(values))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write the measures of an epoch."""
        self._run.log({**values, "epoch": step}, step=step)

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()
