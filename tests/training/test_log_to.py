"""Measures of all stages go to a logger, each epoch once, over stages and over a resume."""

import json

import keras
import pytest

from ltzoo.loggers import LOGGERS, register
from ltzoo.training import LogTo
from tests import tiny
from tests.training.interrupted import KillAfter, Killed

WRITTEN = {"settings": [], "scalars": [], "closed": 0, "memory": []}


@pytest.fixture
def written():
    for kind in ("settings", "scalars", "memory"):
        WRITTEN[kind].clear()
    WRITTEN["closed"] = 0

    @register("to_memory")
    class ToMemory:
        def __init__(self, folder, title, memory):
            memory.setdefault("run", "first")
            WRITTEN["memory"].append((folder.name, title, dict(memory)))

        def settings(self, values):
            WRITTEN["settings"].append(values)

        def scalars(self, step, values):
            WRITTEN["scalars"].append((step, values))

        def close(self):
            WRITTEN["closed"] += 1

    yield WRITTEN
    LOGGERS.remove("to_memory")


def test_all_stages_count_on_and_settings_come_once(written, tmp_path):
    model = tiny.model("gcl")
    history = model.fit(tiny.dataset(), callbacks=[LogTo("to_memory", tmp_path / "run" / "logs")], verbose=0)
    assert [step for step, _ in written["scalars"]] == [1, 2, 3, 4] and written["closed"] == 1
    assert [values["loss"] for _, values in written["scalars"]] == history.history["loss"]
    (settings,) = written["settings"]
    assert settings["recipe.name"] == "gcl" and settings["stage2.epochs"] == 2 and settings["classes"] == 3
    assert all(isinstance(value, (str, int, float, bool)) for value in settings.values())
    assert written["memory"] == [("to_memory", "run", {"run": "first"})]


def test_a_resumed_training_appends_and_repeats_nothing(written, tmp_path):
    def train(*kill, resume):
        log = LogTo("to_memory", tmp_path / "logs", resume=resume, settings={"data": "stripes"})
        tiny.model("gcl").fit(
            tiny.dataset(), callbacks=[log, *kill], checkpoint=tmp_path / "state", resume=resume, verbose=0
        )

    with pytest.raises(Killed):  # After epoch 2 was logged, before its checkpoint.
        train(KillAfter(1), resume=False)
    train(resume=True)
    assert [step for step, _ in written["scalars"]] == [1, 2, 3, 4]
    assert len(written["settings"]) == 1 and written["settings"][0]["data"] == "stripes"
    assert [memory["run"] for _, _, memory in written["memory"]] == ["first", "first"]
    with pytest.raises(ValueError, match="another training"):
        LogTo("to_memory", tmp_path / "logs")


@pytest.mark.parametrize("content", ["[]", '{"last_step": "x"}', '{"logger": 1}', "{"])
def test_a_damaged_memory_is_named(written, tmp_path, content):
    (tmp_path / "to_memory").mkdir()
    (tmp_path / "to_memory" / "ltzoo.json").write_text(content)
    with pytest.raises(ValueError, match=r"ltzoo\.json|JSON"):
        LogTo("to_memory", tmp_path, resume=True)


@pytest.mark.parametrize(
    "wrong", [{"logger": "nothing"}, {"folder": ""}, {"folder": 3}, {"resume": "yes"}, {"logger": None}]
)
def test_wrong_arguments_are_refused(written, tmp_path, wrong):
    with pytest.raises((TypeError, ValueError)):
        LogTo(**{"logger": "to_memory", "folder": tmp_path, **wrong})


def test_it_is_a_callback_of_one_training(written, tmp_path):
    log = LogTo("to_memory", tmp_path)
    assert isinstance(log, keras.callbacks.Callback) and log.one_training
    assert not (tmp_path / "to_memory").exists()
    json.dumps(log.more)
