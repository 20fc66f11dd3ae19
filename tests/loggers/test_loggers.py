"""Loggers: their names, their libraries, and what they write."""

import subprocess
import sys
import types

import pytest

from ltzoo import loggers

SETTINGS = {"recipe.name": "gcl", "stage1.epochs": 2, "stage1.ema": 0.9, "long": "x" * 2000, "pipe": "a|b\nc"}


def test_the_three_are_there_and_import_nothing():
    assert set(loggers.names()) >= {"mlflow", "tensorboard", "wandb"}
    program = (
        "import sys; from ltzoo import loggers; loggers.names(); "
        "assert not {'keras', 'tensorboard', 'mlflow', 'wandb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unknown_names_and_missing_libraries_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="tensorboard"):
        loggers.check("tensorbord")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install mlflow") as refused:
        loggers.check("mlflow", "--log")
    assert "Received: --log='mlflow'" in str(refused.value)


def test_tensorboard_files_hold_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for start in (1, 3):  # Interrupted and resumed.
        logger = loggers.open_logger("tensorboard", tmp_path, "run", {})
        if start == 1:
            logger.settings(SETTINGS)
        for step in (start, start + 1):
            logger.scalars(step, {"loss": 1.0 / step, "val_accuracy": 0.25})
        logger.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [
        (step, pytest.approx(1 / step)) for step in (1, 2, 3, 4)
    ]
    (text,) = events.Tensors("settings/text_summary")
    table = text.tensor_proto.string_val[0].decode()
    assert "| recipe.name | gcl |" in table and "a\\|b c" in table


def test_mlflow_runs_hold_what_was_written(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    from mlflow.tracking import MlflowClient

    memory = {}
    for step in (1, 2):
        logger = loggers.open_logger("mlflow", tmp_path, "photos", memory)
        if step == 1:
            logger.settings(SETTINGS)
        logger.scalars(step, {"loss": 1.0 / step})
        logger.close()
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    run = client.get_run(memory["run"])
    assert run.data.params["recipe.name"] == "gcl" and run.info.status == "FINISHED"
    assert [(metric.step, metric.value) for metric in client.get_metric_history(memory["run"], "loss")] == [
        (1, 1.0),
        (2, 0.5),
    ]


def test_wandb_runs_stay_on_the_machine(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    memory = {}
    for step in (1, 2):
        logger = loggers.open_logger("wandb", tmp_path, "photos", memory)
        if step == 1:
            logger.settings(SETTINGS)
        logger.scalars(step, {"loss": 1.0 / step})
        logger.close()
    assert list((tmp_path / "wandb").glob("offline-run-*")) and memory["run"]


class FakeRun:
    def __init__(self):
        self.config, self.logged, self.finished = {}, [], False

    def log(self, values, step):
        self.logged.append((step, values))

    def finish(self):
        self.finished = True


def test_wandb_gets_one_run_for_both_parts(tmp_path, monkeypatch):
    runs, made = [], []

    def init(**arguments):
        made.append(arguments)
        runs.append(FakeRun())
        return runs[-1]

    fake = types.ModuleType("wandb")
    fake.init, fake.Settings = init, lambda **settings: settings
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    memory = {}
    for step in (1, 2):
        logger = loggers.open_logger("wandb", tmp_path, "photos", memory)
        logger.settings({"recipe.name": "gcl"})
        logger.scalars(step, {"loss": 0.5})
        logger.close()
    assert made[0]["mode"] == "offline" and made[0]["id"] == made[1]["id"] == memory["run"]
    assert runs[1].logged == [(2, {"loss": 0.5, "epoch": 2})] and runs[0].finished
    assert runs[0].config == {"recipe.name": "gcl"}


def test_mlflow_gets_parameters_in_batches_and_of_limited_length(tmp_path, monkeypatch):
    calls = []

    class Client:
        def __init__(self, tracking_uri):
            calls.append(("uri", tracking_uri))

        def get_experiment_by_name(self, name):
            return None

        def create_experiment(self, name, artifact_location):
            return "7"

        def create_run(self, experiment, run_name):
            calls.append(("run", experiment, run_name))
            return types.SimpleNamespace(info=types.SimpleNamespace(run_id="abc"))

        def log_batch(self, run, params=(), metrics=()):
            calls.append((run, len(params), list(metrics), max([len(p[1]) for p in params], default=0)))

        def set_terminated(self, run):
            calls.append(("end", run))

    mlflow, tracking, entities = (types.ModuleType(name) for name in ("mlflow", "tracking", "entities"))
    tracking.MlflowClient = Client
    entities.Param, entities.Metric = lambda *a: a, lambda name, value, time, step: (name, value, step)
    for name, module in {"mlflow": mlflow, "mlflow.tracking": tracking, "mlflow.entities": entities}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    memory = {}
    logger = loggers.open_logger("mlflow", tmp_path, "photos", memory)
    logger.settings({str(number): "y" * 900 for number in range(150)})
    logger.scalars(4, {"loss": 0.5})
    logger.close()
    assert calls[0][1].startswith("sqlite:///") and memory == {"run": "abc"}
    assert [call[1] for call in calls if call[0] == "abc"] == [100, 50, 0]
    assert calls[2][3] == 500 and calls[4][2] == [("loss", 0.5, 4)] and calls[-1] == ("end", "abc")
