"""The choice of the backend before Keras is imported."""

import json
import os
import sys

import keras
import pytest

from ltzoo.cli import backend
from ltzoo.cli.user_errors import UserError


@pytest.fixture
def choose(monkeypatch, tmp_path):
    """The choice on a machine that has some backends and a configuration file."""

    def run(installed, preferred=None, environment=None, configured=None):
        monkeypatch.setattr(backend, "installed", lambda name: name in installed)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        if configured is not None:
            (tmp_path / "keras.json").write_text(json.dumps({"backend": configured}))
        if environment is None:
            monkeypatch.delenv("KERAS_BACKEND", raising=False)
        else:
            monkeypatch.setenv("KERAS_BACKEND", environment)
        return backend._choose(preferred)

    return run


@pytest.mark.parametrize(
    "arguments, chosen",
    [
        ({"installed": ["torch", "jax", "tensorflow"]}, "tensorflow"),
        ({"installed": ["torch", "jax"]}, "jax"),
        ({"installed": ["torch"]}, "torch"),
        ({"installed": ["torch", "jax"], "configured": "torch"}, "torch"),
        ({"installed": ["jax"], "configured": "tensorflow"}, "jax"),
        ({"installed": ["tensorflow", "jax"], "preferred": "jax"}, "jax"),
        ({"installed": ["tensorflow"], "preferred": "jax"}, "tensorflow"),
        ({"installed": ["tensorflow", "jax"], "preferred": "jax", "environment": "tensorflow"}, "tensorflow"),
    ],
)
def test_order(choose, arguments, chosen):
    assert choose(**arguments) == chosen


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"installed": []}, "none is installed"),
        ({"installed": ["jax"], "environment": "torch"}, "not installed"),
        ({"installed": ["jax"], "environment": "mxnet"}, "must be one of"),
    ],
)
def test_mistakes(choose, arguments, words):
    with pytest.raises(UserError, match=words):
        choose(**arguments)


def test_a_damaged_configuration_file_is_passed_over(choose, tmp_path):
    (tmp_path / "keras.json").write_text("{")
    assert choose(["torch"]) == "torch"


def test_an_imported_keras_keeps_its_backend(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    assert backend.use_backend("jax") == keras.backend.backend()


def test_start_up_messages_are_kept_back_unless_the_import_fails(monkeypatch, capfd):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with backend._without_start_up_messages():
        os.write(2, b"remark")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), backend._without_start_up_messages():
        os.write(2, b"the reason")
        raise ImportError
    assert capfd.readouterr().err == "the reason"
    print("back", file=sys.stderr)
    assert capfd.readouterr().err == "back\n"


def test_start_up_messages_are_shown_on_demand(monkeypatch, capfd):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with backend._without_start_up_messages():
        os.write(2, b"remark")
    assert capfd.readouterr().err == "remark"
