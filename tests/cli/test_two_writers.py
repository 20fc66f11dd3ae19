"""Two processes that write into one folder at the same moment: one does, the other names it."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ltzoo.writer_lock import WriterLock

pytestmark = pytest.mark.rotating(3)

ROOT = Path(__file__).resolve().parents[2]
# Both processes wait here for each other, and whoever trains waits for the word.
WAITS = """
import os, time
from pathlib import Path
import numpy as np
import ltzoo
import ltzoo.data.augmentation

here = Path(__file__).parent

def wait_for(ready):
    end = time.monotonic() + 240
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)

def meet():
    (here / f"ready-{os.getpid()}").touch()
    wait_for(lambda: len(list(here.glob("ready-*"))) == 2)

@ltzoo.data.register("meeting")
def meeting(data_dir=None, imbalance_factor=None, seed=0):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("uint8")
    meet()
    return ltzoo.data.from_arrays(images, np.arange(12) % 2)

@ltzoo.data.augmentation.register("waits")
class Waits:
    def __call__(self, images, labels, rng):
        wait_for((here / "go").exists)
        return images, labels

if __name__ == "__main__":
    import sys
    import keras
    from ltzoo import demo
    from ltzoo.cli.user_errors import Commands
    import click

    wait = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: wait_for((here / "go").exists))

    def run():
        meet()
        demo.run(sys.argv[1], epochs=(1, 1), callbacks=lambda name, epochs: [wait], export=False)

    group = Commands("test")
    group.add_command(click.Command("run", callback=run))
    group.main(["run"])
"""
TRAIN = [
    "train",
    "cross_entropy",
    "--data",
    "meeting",
    "--epochs",
    "1",
    "--backbone",
    "resnet8:width_multiplier=0.25",
]


def race(words, folder):
    """Start a command twice; let the holder go on when the other has ended. Returns both, the loser first."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LTZOO_DEBUG": "0"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [
        subprocess.Popen([sys.executable, *words], env=environment, cwd=folder, **pipes) for _ in range(2)
    ]
    try:
        end = time.monotonic() + 240
        while all(process.poll() is None for process in running) and time.monotonic() < end:
            time.sleep(0.05)
        running.sort(key=lambda process: process.poll() is None)
        (folder / "go").touch()
        return [(process, *process.communicate(timeout=240)) for process in running]
    finally:
        for process in running:
            process.kill()


@pytest.mark.parametrize("command", ["train", "demo"])
def test_of_two_processes_one_writes_and_the_other_names_it(tmp_path, command):
    parts, out = tmp_path / "parts.py", tmp_path / "out"
    parts.write_text(textwrap.dedent(WAITS))
    waiting = ["--set", 'augmentation=[{"name":"waits"}]', "--out", str(out)]
    words = {
        "train": ["-m", "ltzoo", "--parts", str(parts), *TRAIN, *waiting],
        "demo": [str(parts), str(out)],
    }
    (lost, _, refusal), (won, printed, warned) = race(words[command], tmp_path)
    assert lost.returncode == 2 and won.returncode == 0, (refusal, printed, warned)
    lines = refusal.splitlines()
    if command == "demo":  # This script imports TensorFlow itself, which writes lines of its own.
        lines = [line for line in lines if "Error" in line or "Traceback" in line]
    assert len(lines) == 1 and lines[0].startswith("Error: "), refusal
    assert f"Received: a folder held by process {won.pid} on " in lines[0]
    assert (out / "model.keras").is_file() and not (out / "writer.lock").exists()
    assert {"train": "result.json", "demo": "results.json"}[command] in os.listdir(out)


@pytest.mark.parametrize("words", [["demo"], ["train", "gcl", "--data", "digits_lt"]], ids=["demo", "train"])
def test_a_held_folder_is_refused_at_once(one_line, tmp_path, words):
    with WriterLock(tmp_path):
        assert f"held by process {os.getpid()} on " in one_line(*words, "--out", tmp_path)
