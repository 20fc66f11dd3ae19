"""Whether to use a compiler is each backend's own: a saved model takes that of the backend that loads it."""

import json
import zipfile

import keras
import pytest

from ltzoo import models
from ltzoo.models.stages import default_jit_compile
from tests import tiny
from tests.models.test_hostile_archives import changed


def saved_by(backend, jit_compile, path, out):
    """Write a model again as another backend, or an earlier version, saved it."""

    def change(name, content):
        if name != "config.json":
            return content
        config = json.loads(content)
        config["compile_config"]["jit_compile"] = jit_compile
        config["compile_config"].pop("backend")
        if backend is not None:
            config["compile_config"]["backend"] = backend
        return json.dumps(config)

    return changed(path, out, change)


def resolved(jit_compile):
    model = tiny.model("cross_entropy")
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit_compile)
    return model.jit_compile


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    tiny.model("cross_entropy").save(path)
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("config.json"))["compile_config"]["backend"] == keras.backend.backend()
    return path


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("backend", [None, "another"])
@pytest.mark.parametrize("load", [models.load, keras.saving.load_model], ids=["ltzoo", "keras"])
def test_the_compiler_of_another_backend_is_not_taken_over(saved, tmp_path, load, backend, jit_compile):
    model = load(saved_by(backend, jit_compile, saved, tmp_path / "other.keras"))
    assert model.compiled and model.jit_compile == resolved(default_jit_compile())


def test_a_choice_on_this_backend_is_kept(tmp_path):
    model = tiny.model("cross_entropy")
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=keras.backend.backend() != "jax")
    model.set_trainable("head")
    assert model.jit_compile == (keras.backend.backend() != "jax")
    model.save(tmp_path / "own.keras")
    assert models.load(tmp_path / "own.keras").jit_compile == model.jit_compile
