"""The staged fit on several devices gives the losses of one device."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
import pytest

from ltzoo.training.devices import batch_divisor, check_batch_size, check_processes
from tests import tiny

OTHER_PROCESSES = True  # See tests/conftest.py.

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, sys
import keras
from tests import tiny

kind = sys.argv[1]
# A rate at which rounding is not amplified: at 0.1 these few images make two runs part after some steps.
rate = {"schedule": {"name": "constant", "learning_rate": 0.01}}
# Replicas draw their own noise and normalize their own part of a batch, so compare without either.
overrides = dict(cloud=None, batch_norm="frozen") if kind.startswith("mirrored") else {}

def _fit(model):
    return model.fit(tiny.dataset((24, 12, 4)), verbose=0).history

def make():
    return tiny.model(counts=(24, 12, 4), batch_size=8, **rate, **overrides)

if kind == "data_parallel":
    import jax
    assert len(jax.devices()) == 4, jax.devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    history = _fit(make())
elif kind in ("mirrored", "mirrored_outside"):
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    outside = make()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = make()
        history = _fit(model) if kind == "mirrored" else None
    if history is None:
        history = _fit(model)
        images = tiny.dataset().test.load(range(8))
        assert model.predict(images, verbose=0).shape == (8, 3)
        try:
            with strategy.scope():
                _fit(outside)
        except ValueError as error:
            assert "built in the scope" in str(error)
        else:
            raise AssertionError("a model from outside of the scope was trained in it")
else:
    history = _fit(make())
print(json.dumps({key: history[key] for key in ("loss", "accuracy", "stage")}))
"""


def _losses(kind, devices=1):
    # Besides those of conftest.py, which make compiling quicker. A replica may get an empty share of the last batch,
    # with which TensorFlow's convolutions on a CPU fail where they are oneDNN's.
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="keras.distribution places data on JAX alone")
def test_four_devices_under_data_parallel_equal_one():
    one, four = _losses("one"), _losses("data_parallel", devices=4)
    assert one["stage"] == four["stage"] == [1, 1, 2, 2]
    np.testing.assert_allclose(four["loss"], one["loss"], rtol=1e-4)


def test_batches_that_devices_cannot_share_are_refused():
    with pytest.raises(ValueError, match="batch_size=6"):
        check_batch_size(6, 4)
    assert batch_divisor() == 1


@pytest.mark.rotating(4)
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_two_replicas_under_a_mirrored_strategy_equal_one():
    """With `fit` inside of the scope, and outside of it."""
    one = _losses("mirrored_one")
    for kind in ("mirrored", "mirrored_outside"):
        two = _losses(kind)
        assert one["stage"] == two["stage"] == [1, 1, 2, 2]
        np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-4)


@pytest.mark.parametrize(
    "variables, refused",
    [
        ({"WORLD_SIZE": "2", "RANK": "1"}, "WORLD_SIZE=2"),
        ({"WORLD_SIZE": "1", "RANK": "0"}, None),
        ({"WORLD_SIZE": "2"}, None),
        ({"WORLD_SIZE": "many", "RANK": "0"}, None),
    ],
)
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torchrun is PyTorch's")
def test_processes_of_torchrun_are_refused_before_training(monkeypatch, variables, refused):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if refused is None:
        check_processes()
        return
    model, data = tiny.model("cross_entropy"), tiny.dataset()
    before = tiny.weights(model)
    images = data.train.load(np.arange(8))
    for call in (
        lambda: model.fit(data, verbose=0),
        lambda: model.fit(images, data.train.labels[:8], verbose=0),
    ):
        with pytest.raises(ValueError, match=f"one process.*Received: {refused}"):
            call()
    assert all(np.array_equal(a, b) for a, b in zip(before, tiny.weights(model), strict=True))


@pytest.mark.parametrize(
    "cluster, refused",
    [
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}', True),
        ('{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}}', True),
        ('{"cluster": {"worker": ["a:1"]}}', False),
        ("", False),
        ("[]", False),
        ("{", False),
    ],
)
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TF_CONFIG is TensorFlow's")
def test_several_workers_of_tensorflow_are_refused(monkeypatch, cluster, refused):
    monkeypatch.setenv("TF_CONFIG", cluster)
    with pytest.raises(ValueError, match="Received: TF_CONFIG with 2 workers") if refused else nullcontext():
        check_processes()


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX counts its processes")
def test_several_processes_of_jax_are_refused_without_a_distribution(monkeypatch):
    import jax

    check_processes()
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match=r"Received: jax.process_count\(\)=2"):
        check_processes()
