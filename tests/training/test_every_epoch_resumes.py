"""A training with all stock callbacks together, killed at every epoch, ends as the unbroken one."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests import tiny
from tests.training.interrupted import Killed, assert_same, rising

OTHER_PROCESSES = True  # See tests/conftest.py.

pytestmark = pytest.mark.rotating(3)

ROOT = Path(__file__).resolve().parents[2]
# Early stopping ends the first stage one epoch before its last.
EPOCHS, TRAINED = (4, 3), [0, 1, 2, 4, 5, 6]
VICTIM = """
import sys
from pathlib import Path
from tests.training.test_every_epoch_resumes import SigKill, train
train(Path(sys.argv[1]), [SigKill(int(sys.argv[2]))], resume=False)
"""


class Seen(keras.callbacks.Callback):
    """A callback of the user that remembers."""

    remembers = ("epochs",)
    one_training = True

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs = [*self.epochs, epoch]


class KillOnce(keras.callbacks.Callback):
    """Raises once for each epoch: at its end, before its checkpoint, or right after its checkpoint.

    Args:
        killed: the epochs that have been killed; shared by all trainings.
        after_checkpoint: whether the checkpoint of the epoch is written first.
    """

    def __init__(self, killed, after_checkpoint):
        super().__init__()
        self.killed, self.after_checkpoint, self.last = killed, after_checkpoint, None

    def on_epoch_begin(self, epoch, logs=None):
        if self.after_checkpoint and self.last is not None:
            self._kill(self.last)

    def on_epoch_end(self, epoch, logs=None):
        self.last = epoch
        if not self.after_checkpoint:
            self._kill(epoch)

    def on_train_end(self, logs=None):
        if self.after_checkpoint and self.last is not None:
            self._kill(self.last)

    def _kill(self, epoch):
        if epoch not in self.killed:
            self.killed.append(epoch)
            raise Killed


class SigKill(keras.callbacks.Callback):
    """Ends the process in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.victim, self.epoch = epoch, None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.victim:
            os.kill(os.getpid(), signal.SIGKILL)


def callbacks(folder):
    """Every stock callback that works in stages."""
    found = [
        rising(),
        keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ModelCheckpoint(
            folder / "best.weights.h5", "val_accuracy", save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.ModelCheckpoint(folder / "{epoch}.weights.h5", save_weights_only=True),
        keras.callbacks.EarlyStopping("rising", mode="min", patience=2, restore_best_weights=True),
        keras.callbacks.CSVLogger(str(folder / "log.csv")),
        Seen(),
    ]
    if importlib.util.find_spec("tensorflow") and importlib.util.find_spec("tensorboard"):
        found.append(keras.callbacks.TensorBoard(folder / "board", write_graph=False))
    return found


def train(folder, kill=(), resume=True):
    """Return model, history and callbacks; the history is None if the training was killed."""
    model = tiny.model(epochs=EPOCHS, batch_size=20, optimizer={"name": "adam", "use_ema": True})
    folder.mkdir(exist_ok=True)
    chosen = callbacks(folder)
    try:
        history = model.fit(
            tiny.dataset(),
            callbacks=[*chosen, *kill],
            checkpoint=folder / "checkpoint",
            resume=resume,
            verbose=0,
            seed=3,
        )
    except Killed:
        history = None
    return model, history, chosen


def remembered(folder):
    """Return the weights in the files of `ModelCheckpoint`, by name."""
    found = {}
    for path in sorted(folder.glob("*.weights.h5")):
        model = tiny.model(epochs=EPOCHS, batch_size=20)
        model.load_weights(path)
        found[path.name] = tiny.weights(model)
    return found


def assert_ended_alike(unbroken, folder, resumed):
    whole, trained = unbroken
    assert_same(trained, resumed)
    assert (folder / "log.csv").read_text() == (whole / "log.csv").read_text()
    expected, got = remembered(whole), remembered(folder)
    assert expected.keys() == got.keys()
    for name, weights in expected.items():
        for a, b in zip(weights, got[name], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
    seen = [next(each for each in run[2] if isinstance(each, Seen)).epochs for run in (trained, resumed)]
    assert seen[0] == seen[1] == TRAINED


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    trained = train(folder, resume=False)
    assert trained[1].epoch == TRAINED
    assert {path.name for path in folder.glob("*.h5")} == {
        "best.weights.h5",
        *(f"{epoch + 1}.weights.h5" for epoch in TRAINED),
    }
    return folder, trained


@pytest.mark.parametrize(
    "after_checkpoint", [False, True], ids=["before its checkpoint", "after its checkpoint"]
)
def test_killed_at_every_epoch(unbroken, tmp_path, after_checkpoint):
    folder, killed = tmp_path / "run", []
    resumed = train(folder, [KillOnce(killed, after_checkpoint)], resume=False)
    while resumed[1] is None:
        assert len(killed) <= len(TRAINED)
        resumed = train(folder, [KillOnce(killed, after_checkpoint)])
    assert killed == TRAINED
    assert_ended_alike(unbroken, folder, resumed)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process(unbroken, tmp_path):
    folder = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, str(folder), str(TRAINED[-2])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert_ended_alike(unbroken, folder, train(folder))
