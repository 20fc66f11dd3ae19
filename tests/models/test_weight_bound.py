"""Cards and `.keras` files of networks larger than their weights are refused before memory is used for them."""

import json
import threading
import zipfile

import keras
import numpy as np
import pytest

from ltzoo import models, shipped
from ltzoo.keras_internals import deferred_variables
from ltzoo.models import WeightsError
from ltzoo.models.initialization import without_initial_values
from ltzoo.models.weight_bound import MOST_WEIGHTS, TooManyWeights, WeightBound, most_weights
from tests import tiny

ENTRY = "gcl_resnet8_digits_lt"


def copied_card(folder, **changed):
    weights = f"{ENTRY}.weights.h5"
    (folder / weights).write_bytes((shipped.folder() / weights).read_bytes())
    path = folder / f"{ENTRY}.json"
    path.write_text(json.dumps({**shipped.read(ENTRY), **changed}))
    return path


def wider(config, name, **sizes):
    """Change the arguments of one layer, wherever it is in a configuration."""
    if isinstance(config, dict):
        if config.get("name") == name:
            config.update(sizes)
        for inner in config.values():
            wider(inner, name, **sizes)
    elif isinstance(config, list):
        for inner in config:
            wider(inner, name, **sizes)


@pytest.mark.parametrize("weights", ["pretrained", None])
@pytest.mark.parametrize(
    "change",
    [
        {"backbone": {"name": "resnet8", "width_multiplier": 60}},
        {"class_counts": [1] * 60000, "class_names": [str(i) for i in range(60000)]},
    ],
    ids=["wide", "classes"],
)
def test_a_card_of_a_larger_network_is_refused(tmp_path, change, weights):
    path = copied_card(tmp_path, **change)
    with pytest.raises(WeightsError, match=r"may have 1,\d{3},\d{3} weights.*Received: .* of shape"):
        models.load(path, weights)
    assert deferred_variables() == []


def test_a_card_that_fits_is_loaded(tmp_path):
    path = copied_card(tmp_path)
    for mine, its in zip(tiny.weights(models.load(path)), tiny.weights(models.load(ENTRY)), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert models.load(path, num_classes=7).num_classes == 7


# What is beyond the bound is refused by it, and what is within by the comparison of shapes.
@pytest.mark.parametrize(
    ("units", "refused"), [(40000, "may have 1,087,576 weights"), (2000, "cannot be loaded by Keras")]
)
def test_a_keras_file_is_bounded_by_its_numbers(tmp_path, units, refused):
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(300, name="wide")]
    source, target = tmp_path / "source.keras", tmp_path / "target.keras"
    keras.Sequential(layers).save(source)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                wider(config, "wide", units=units)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    with pytest.raises(WeightsError, match=refused):
        models.load(target)
    assert isinstance(models.load(source), keras.Sequential)


def test_weights_are_counted_and_none_is_made():
    with WeightBound(6) as scope:
        keras.layers.Dense(2).build((None, 2))
        assert [variable.shape for variable in deferred_variables()] == [(2, 2), (2,)]
        with pytest.raises(TooManyWeights, match=r"may have 6 weights.*Received: .*kernel of shape \(1, 1\)"):
            keras.layers.Dense(1).build((None, 1))
    assert scope.state_mapping == {} and deferred_variables() == []
    assert most_weights(None) == MOST_WEIGHTS
    assert most_weights(10) == 20 + (1 << 20)


def test_other_threads_are_not_bounded():
    made = []

    def build():
        layer = keras.layers.Dense(30)
        layer.build((None, 20))
        made.append(layer.count_params())

    with WeightBound(1):
        thread = threading.Thread(target=build)
        thread.start()
        thread.join()
    assert made == [630]


def test_a_model_that_fails_to_be_built_leaves_others_alone():
    def fail(shape, dtype=None):
        raise MemoryError

    with pytest.raises((MemoryError, RuntimeError)), without_initial_values():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        keras.Variable(initializer=fail, shape=(), dtype="int32")
        raise RuntimeError
    assert deferred_variables() == []
    with pytest.raises(MemoryError), without_initial_values():
        keras.Variable(initializer=fail, shape=(), dtype="int32")
    assert deferred_variables() == []
    with without_initial_values():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    assert layer.get_weights()[0].shape == (3, 2)
