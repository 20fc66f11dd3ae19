"""A killed run continues to the weights of an undisturbed one, bit for bit."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ltzoo.training import ResumeError
from ltzoo.training.checkpoint import FILE_NAME, Checkpoint
from tests import tiny

OTHER_PROCESSES = True  # See tests/conftest.py.

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"mixup_alpha": 1.0}

VICTIM = """
import os, signal, sys
import keras
from tests import tiny

folder, epoch, moment = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, number, logs=None):
        self.number = number

    def on_train_batch_end(self, batch, logs=None):
        if moment == "step" and self.number == epoch and batch == 1:
            kill()

if moment == "write":
    import numpy as np
    whole, calls = np.savez, []
    def half(file, **arrays):
        calls.append(1)
        if len(calls) == epoch + 1:
            file.write(b"half a file")
            file.flush()
            kill()
        whole(file, **arrays)
    np.savez = half

model = tiny.model(mixup_alpha=1.0)
model.fit(tiny.dataset(), callbacks=[Kill()], checkpoint=folder, verbose=0, seed=7)
"""


@pytest.fixture(scope="module")
def undisturbed():
    model = tiny.model(**SETTINGS)
    history = model.fit(tiny.dataset(), verbose=0, seed=7)
    return tiny.weights(model), history


@pytest.mark.rotating(3)
@pytest.mark.parametrize("epoch, moment", [(1, "step"), (3, "step"), (2, "write")])
def test_killed_runs_end_with_the_same_weights(undisturbed, tmp_path, epoch, moment):
    """Killed within an epoch of stage 1, of stage 2, and half-way through writing a checkpoint."""
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, str(tmp_path), str(epoch), moment],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert (tmp_path / FILE_NAME).is_file()
    model = tiny.model(**SETTINGS)
    history = model.fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0, seed=7)
    expected, expected_history = undisturbed
    for a, b in zip(tiny.weights(model), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history == expected_history.history


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    model = tiny.model("cross_entropy")
    model.fit(tiny.dataset(), checkpoint=tmp_path, verbose=0)
    again = tiny.model("cross_entropy")
    history = again.fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0)
    assert history.epoch == [0, 1]
    for a, b in zip(tiny.weights(model), tiny.weights(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_checkpoints_of_other_trainings_are_refused(tmp_path):
    tiny.model("cross_entropy").fit(tiny.dataset(), checkpoint=tmp_path, verbose=0)
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(ResumeError, match="another recipe"):
        tiny.model("gcl").fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0)
    with pytest.raises(ResumeError, match="another seed"):
        tiny.model("cross_entropy").fit(tiny.dataset(), checkpoint=tmp_path, resume=True, seed=9, verbose=0)
    with pytest.raises(ResumeError, match="already contains a run"):
        tiny.model("cross_entropy").fit(tiny.dataset(), checkpoint=tmp_path, verbose=0)
    with pytest.raises(ResumeError, match="checkpoint=None"):
        tiny.model("cross_entropy").fit(tiny.dataset(), resume=True, verbose=0)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a checkpoint")
    with pytest.raises(ResumeError, match=FILE_NAME):
        Checkpoint(tmp_path, {}).load()
