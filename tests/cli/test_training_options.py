"""`--learning-rate`, `--patience`, `--keep` and `--ema` of `ltzoo train`."""

import json

import pytest

from ltzoo import loggers
from ltzoo.cli.command_line import command_line
from ltzoo.cli.kept import said_of_kept
from ltzoo.cli.run_schema import check_result, check_run
from tests import tiny
from tests.cli.conftest import SMALL

pytestmark = pytest.mark.rotating(3)


@pytest.fixture(scope="module")
def kept_run(photos, invoke, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "kept"
    done = invoke(
        "train", "cross_entropy", "--data", photos, "--epochs", "4", "--out", folder, "--patience", "1",
        "--keep", "best:nll", "--ema", "0.5", "--learning-rate", "0.02", *SMALL,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder, done.stdout


def test_the_choices_are_in_the_run(kept_run):
    folder, _ = kept_run
    run = json.loads((folder / "run.json").read_text())
    check_run(run, 1)
    given = run["arguments"]
    assert (given["patience"], given["keep"], given["ema"]) == (1, "best:nll", 0.5)
    stage = run["recipe"]["stages"][0]
    assert stage["schedule"]["learning_rate"] == 0.02 and stage["optimizer"]["ema_momentum"] == 0.5
    words = command_line(given)
    assert all(
        text in words for text in ("--learning-rate 0.02", "--patience 1", "--keep best:nll", "--ema 0.5")
    )


def test_the_kept_epoch_is_in_the_results_and_said(kept_run):
    folder, said = kept_run
    result = json.loads((folder / "result.json").read_text())
    check_result(result)
    (kept,) = result["kept"]
    assert kept["stage"] == 1 and 1 <= kept["epoch"] <= kept["epochs"] <= 4
    assert f"epoch {kept['epoch']} of {kept['epochs']} was kept" in said
    assert ("without improvement" in said) == (kept["epochs"] < 4)


def test_parts_of_batches_are_in_the_run(photos, invoke, one_line, tmp_path):
    made = ("train", "cross_entropy", "--data", photos, "--epochs", "1", "--out", tmp_path / "run", *SMALL)
    done = invoke(*made, "--accumulate", "4")
    assert done.exit_code == 0, done.output
    given = json.loads((tmp_path / "run" / "run.json").read_text())["arguments"]
    assert given["accumulate"] == 4 and "--accumulate 4" in command_line(given)
    assert "--accumulate differs" in one_line(
        "train", "--out", tmp_path / "run", "--resume", "--accumulate", "2"
    )
    check_run({**json.loads((tmp_path / "run" / "run.json").read_text())}, 1)
    with pytest.raises(ValueError, match="accumulate"):
        run = json.loads((tmp_path / "run" / "run.json").read_text())
        check_run({**run, "arguments": {**given, "accumulate": 0}}, 1)


def test_resume_needs_the_same_choices(kept_run, one_line, invoke):
    folder, _ = kept_run
    assert "--keep differs" in one_line("train", "--out", folder, "--resume", "--keep", "last")
    again = invoke("train", "--out", folder, "--resume")
    assert again.exit_code == 0 and "was kept" in again.stdout


@pytest.mark.parametrize(
    "option, wrong, words",
    [
        ("--learning-rate", "0", "positive learning rate"),
        ("--learning-rate", "nan", "positive learning rate"),
        ("--learning-rate", "1e999", "positive learning rate"),
        ("--learning-rate", "0.1,,0.2", "positive learning rate"),
        ("--learning-rate", "0.1,0.1,0.1", "`learning_rate` must be"),
        ("--patience", "0", "not in the range"),
        ("--keep", "best", "best:balanced"),
        ("--ema", "1", "range"),
        ("--ema", "nan", "finite"),
        ("--accumulate", "0", "not in the range"),
        ("--accumulate", "5", "must divide the batch size of every stage"),
    ],
)
def test_nonsense_is_one_line(one_line, photos, tmp_path, option, wrong, words):
    line = one_line("train", "gcl", "--data", photos, "--out", tmp_path / "run", option, wrong)
    assert words in line and not (tmp_path / "run").exists()


def test_without_held_out_images_there_is_nothing_to_choose_by(one_line, photos, tmp_path):
    small = [word if word != "0.2" else "0" for word in SMALL]
    line = one_line(
        "train", "cross_entropy", "--data", photos, "--epochs", "1", "--out", tmp_path / "run", "--patience", "2",
        *small,
    )  # fmt: skip
    assert "held-out images" in line


def test_what_is_said_of_kept_epochs():
    recipe = tiny.recipe("gcl", epochs=(8, 4))
    kept = [
        {"stage": 1, "epoch": 3, "epochs": 6, "balanced_accuracy": 0.5, "accuracy": 0.6, "nll": 1.25},
        {"stage": 2, "epoch": 4, "epochs": 4, "balanced_accuracy": None, "accuracy": 0.6, "nll": 1.0},
    ]
    assert said_of_kept(kept, "best:nll", recipe) == [
        "Stage 1 ended after 6 of 8 epochs without improvement; epoch 3 of 6 was kept (held-out images: negative "
        "log-likelihood 1.250)",
        "Stage 2: epoch 4 of 4 was kept (held-out images: negative log-likelihood 1.000)",
    ]
    assert said_of_kept(kept, "last", recipe) == ["Stage 1 ended after 6 of 8 epochs without improvement"]
    assert said_of_kept(kept[1:], "best:balanced", recipe)[0].endswith("balanced accuracy unknown)")


@pytest.mark.parametrize(
    "kept", [{}, [1], [{"stage": 0, "epoch": 1}], [{"stage": 1}], [{"stage": 1, "epoch": "x"}]]
)
def test_damaged_kept_epochs_are_refused(kept):
    with pytest.raises(ValueError, match="kept"):
        check_result({"kept": kept})


@pytest.fixture
def to_memory():
    """A logger that keeps the steps it got."""
    steps = []

    @loggers.register("to_memory")
    class ToMemory:
        def __init__(self, folder, title, memory):
            self.folder = folder

        def settings(self, values):
            steps.append((self.folder.parent.name, values["data"]))

        def scalars(self, step, values):
            steps.append(step)

        def close(self):
            steps.append("closed")

    yield steps
    loggers.LOGGERS.remove("to_memory")


def test_loggers_get_every_epoch_once(to_memory, invoke, photos, tmp_path):
    folder = tmp_path / "run"
    words = ("--epochs", "2", "--log", "to_memory", "--log", "to_memory", *SMALL)
    done = invoke("train", "cross_entropy", "--data", photos, "--out", folder, *words)
    assert done.exit_code == 0, done.output
    assert to_memory == [("logs", "photos"), 1, 2, "closed"]
    run = json.loads((folder / "run.json").read_text())
    assert run["arguments"]["log"] == ["to_memory"] and "--log" not in command_line(run["arguments"])
    assert invoke("train", "--out", folder, "--resume").exit_code == 0
    assert to_memory == [("logs", "photos"), 1, 2, "closed"]


def test_a_missing_library_is_said_before_anything_starts(one_line, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("ltzoo.loggers.registry._is_there", lambda module: False)
    line = one_line("train", "gcl", "--data", photos, "--out", tmp_path / "run", "--log", "wandb")
    assert "pip install wandb" in line and not (tmp_path / "run").exists()
    assert "tensorboard" in one_line(
        "train", "gcl", "--data", photos, "--out", tmp_path / "r", "--log", "wandbb"
    )


def test_loggers_are_listed(invoke):
    assert {"mlflow", "tensorboard", "wandb"} <= set(invoke("list", "--kind", "loggers").stdout.split())
