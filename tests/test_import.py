"""Which import brings Keras, and that `keras.saving.load_model` knows every class in every order of imports."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import ltzoo

REGISTERED = (
    "NormalizedDense",
    "LongTailedClassifier",
    "BalancedSoftmax",
    "ShotAccuracy",
    "TwoBranch",
    "SGD",
)


def run(*arguments):
    environment = {**os.environ, "KERAS_BACKEND": keras.backend.backend()}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=240, env=environment
    )


def in_fresh_process(code):
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A plain Keras model with a layer of this library, and what it answers."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    images = keras.Input((3,))
    model = keras.Model(images, ltzoo.layers.NormalizedDense(2)(images))
    model.save(path)
    return path, model.predict_on_batch(np.ones((1, 3), "float32"))


@pytest.mark.rotating(3)
@pytest.mark.parametrize(
    "imports",
    [
        "import ltzoo, keras",
        "import keras, ltzoo",
        "import ltzoo.cli, keras",
        "import ltzoo.precision, keras",
        "from ltzoo.layers.batch_normalization import BatchNormalization\nimport keras",
        "from ltzoo.cli.backend import use_backend\nuse_backend()\nimport keras",
    ],
)
def test_a_saved_model_loads_in_every_order_of_imports(saved, imports):
    path, answer = saved
    code = (
        f"{imports}\n"
        "import numpy as np\n"
        f"model = keras.saving.load_model({str(path)!r})\n"
        "print(model.predict_on_batch(np.ones((1, 3), 'float32')).tolist())\n"
        f"for name in {REGISTERED}:\n"
        "    assert keras.saving.get_registered_object(f'ltzoo>{name}') is not None, name\n"
    )
    printed = in_fresh_process(code).splitlines()[-1]
    np.testing.assert_allclose(np.asarray(eval(printed)), answer, rtol=1e-5)


@pytest.mark.rotating(3)
@pytest.mark.parametrize(
    "module",
    ["data.augmentation", "data.augmentation.device", "backbones.conversions", "models.convert.slots"],
)
def test_any_module_can_be_imported_first(module):
    in_fresh_process(f"import ltzoo.{module}, keras\nassert keras.saving.get_registered_object('ltzoo>LDAM')")


def test_each_class_is_registered_once_and_the_finder_is_gone():
    code = (
        "import sys, ltzoo\n"
        "assert 'keras' not in sys.modules\n"
        "import ltzoo.losses\n"
        "import keras\n"
        "found = keras.saving.get_registered_object('ltzoo>NormalizedDense')\n"
        "assert found is ltzoo.layers.NormalizedDense\n"
        "assert not any(type(finder).__module__.startswith('ltzoo') for finder in sys.meta_path)\n"
        "assert ltzoo.losses.__spec__.loader.get_source('ltzoo.losses')"
    )
    in_fresh_process(code)


@pytest.mark.parametrize(
    "code", ["import ltzoo", "import ltzoo.cli", "import ltzoo.__main__", "import ltzoo.registry"]
)
def test_no_backend_is_chosen_by_these_imports(code):
    names = ("keras", "tensorflow", "jax", "torch")
    assert in_fresh_process(f"import sys\n{code}\nprint([n for n in {names} if n in sys.modules])") == "[]"


def test_importing_the_library_does_not_depend_on_the_name_of_the_script(tmp_path):
    script = tmp_path / "ltzoo"
    script.write_text(
        "import ltzoo, keras\nprint(keras.saving.get_registered_object('ltzoo>NormalizedDense'))\n"
    )
    done = run(str(script))
    assert "NormalizedDense" in done.stdout, done.stderr


def test_python_m_ltzoo_is_the_command():
    done = run("-m", "ltzoo", "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: ltzoo [OPTIONS] COMMAND") and "  train " in done.stdout
    wrong = run("-m", "ltzoo", "trian")
    assert wrong.returncode == 2 and "No such command 'trian'" in wrong.stderr
    listed = run("-m", "ltzoo", "list", "--kind", "recipes")
    assert listed.returncode == 0 and "gcl" in listed.stdout


def test_help_of_the_command_imports_no_keras():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['anything', 'train', '--help']\n"
        "try:\n"
        "    runpy.run_module('ltzoo', run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch') if name in sys.modules])"
    )
    assert in_fresh_process(code).splitlines()[-1] == "[]"


def test_a_reloaded_library_waits_for_keras_once():
    code = (
        "import importlib, sys, ltzoo\n"
        "importlib.reload(importlib.reload(ltzoo))\n"
        "assert sum(type(finder).__module__ == 'ltzoo.after_keras' for finder in sys.meta_path) == 1\n"
        "ltzoo.after_keras(lambda: print('another'), 'another')\n"
        "import keras\n"
        "assert keras.saving.get_registered_object('ltzoo>LDAM')\n"
    )
    assert in_fresh_process(code).splitlines()[-1] == "another"


def test_threads_may_import_modules_at_the_same_time():
    code = (
        "import importlib, ltzoo\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "names = ['ltzoo.losses', 'keras', 'ltzoo.models', 'ltzoo.heads', 'ltzoo.layers']\n"
        "with ThreadPoolExecutor(5) as pool:\n"
        "    list(pool.map(importlib.import_module, names))\n"
        "import keras\n"
        "assert keras.saving.get_registered_object('ltzoo>LongTailedClassifier')\n"
    )
    in_fresh_process(code)
