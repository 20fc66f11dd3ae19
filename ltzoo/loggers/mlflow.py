"""A run of MLflow, in a local folder or on the server that the environment names."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo.loggers.registry import register

_MOST = 100
_LONGEST = 500
_EXPERIMENT = "ltzoo"


@register("mlflow", modules=("mlflow",), package="mlflow")
class MLflowLogger:
    """Write a run of the experiment "ltzoo".

    It goes to the server in MLFLOW_TRACKING_URI if that is set; otherwise to a database in the folder, without any
    network. Show it with `mlflow ui --backend-store-uri sqlite:///RUN/logs/mlflow/mlflow.db`. A resumed training
    continues its run.
    """

    def __init__(self, folder: Path, title: str, memory: dict[str, Any]) -> None:
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        self._client = importlib.import_module("mlflow.tracking").MlflowClient(tracking_uri=uri)
        self._entities = importlib.import_module("mlflow.entities")
        if "run" not in memory:
            found = self._client.get_experiment_by_name(_EXPERIMENT)
            where = (folder / "artifacts").resolve().as_uri()
            experiment = (
                self._client.create_experiment(_EXPERIMENT, artifact_location=where)
                if found is None
                else found.experiment_id
            )
            memory["run"] = self._client.create_run(experiment, run_name=title).info.run_id
        self._run = str(memory["run"])

    def settings(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Write the settings as parameters."""
        params = [self._entities.Param(name, str(value)[:_LONGEST]) for name, value in values.items()]
        for start in range(0, len(params), _MOST):
            self._client.log_batch(self._run, params=params[start : start + _MOST])

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write the measures of an epoch."""
        now = int(time.time() * 1000)
        metrics = [self._entities.Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def close(self) -> None:
        """Say that the run has finished."""
        self._client.set_terminated(self._run)
