"""The staged fit on several devices gives the losses of one device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from ltzoo.training.devices import batch_divisor, check_batch_size

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
elif kind == "mirrored":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = make()
        history = _fit(model)
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


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_two_replicas_under_a_mirrored_strategy_equal_one():
    one, two = _losses("mirrored_one"), _losses("mirrored")
    assert one["stage"] == two["stage"] == [1, 1, 2, 2]
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-4)
