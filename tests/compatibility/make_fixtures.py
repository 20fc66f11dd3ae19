"""Write the files of this version that later versions must still read.

Run it once with the old code, from the root of the checkout, on every backend:

    for backend in jax tensorflow torch; do KERAS_BACKEND=$backend python -m tests.compatibility.make_fixtures; done

The committed files were written by commit 6170af2. Write them again only to give up on files of that version.

    recipe_hashes.json               the hash of every recipe
    fixtures/NAME/run/               what `ltzoo train NAME --out` writes (JAX), without the report, which nothing reads
    fixtures/NAME/run.npz            four images and the logits of run/model.keras
    fixtures/NAME/saved.keras        a classifier after `fit` and `save` (TensorFlow)
    fixtures/NAME/saved.npz          four images and its logits
    fixtures/NAME/BACKEND/state.npz  the checkpoint of a run that was interrupted after its first epoch
    fixtures/NAME/BACKEND/final.npz  the weights that this run reached when it was resumed
"""

import contextlib
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

import tests.conftest  # noqa: F401  compiles as the tests do; must come before Keras

import keras  # isort: skip
import numpy as np  # isort: skip
from click.testing import CliRunner  # isort: skip

from ltzoo import recipes  # isort: skip
from ltzoo.cli import cli  # isort: skip
from tests.compatibility import cases  # isort: skip

RECIPES_OF_BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "best_distilled.py"


class Interrupt(keras.callbacks.Callback):
    """Stops `fit` when the second epoch begins."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def write_hashes():
    """Write `recipe_hashes.json`, with the two recipes that the benchmarks register."""
    if RECIPES_OF_BENCHMARKS.is_file():
        spec = importlib.util.spec_from_file_location("best_distilled", RECIPES_OF_BENCHMARKS)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    hashes = {name: cases.recipe_hash(recipes.get(name)) for name in recipes.names()}
    cases.HASHES.write_text(json.dumps(hashes, indent=2) + "\n")


def write_run(name, folder, digits):
    """Write a run folder by the command line, and outputs of its model."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    settings = [f"{key}={json.dumps(value)}" for key, value in cases.SETTINGS[name].items()]
    words = [
        "train", name, "--data", "digits_lt", "--imbalance-factor", cases.IMBALANCE_FACTOR,
        "--backbone", f"resnet8:width_multiplier={cases.BACKBONE['width_multiplier']}",
        "--epochs", ",".join(map(str, cases.EPOCHS[name])), "--batch-size", cases.BATCH_SIZE,
        "--seed", cases.SEED, "--out", folder / "run", *(word for text in settings for word in ("--set", text)),
    ]  # fmt: skip
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="ltzoo")
    if done.exit_code:
        sys.exit(done.output)
    shutil.rmtree(folder / "run" / "report")
    write_outputs(keras.saving.load_model(folder / "run" / "model.keras"), folder / "run.npz", digits)


def write_saved(name, folder, digits):
    """Write a `.keras` file after `fit`, and outputs of its model."""
    model = cases.build(name, digits)
    model.fit(digits, verbose=0, seed=cases.SEED)
    model.save(folder / "saved.keras")
    write_outputs(model, folder / "saved.npz", digits)


def write_outputs(model, path, digits):
    """Write four test images and their logits."""
    images = digits.test.load(np.arange(0, 400, 100))
    np.savez_compressed(path, images=images, logits=model.predict(images, verbose=0))


def write_interrupted(name, folder, digits):
    """Write the checkpoint of an interrupted run, and the weights that it reaches when it is resumed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with contextlib.suppress(KeyboardInterrupt):
        cases.build(name, digits).fit(
            digits, callbacks=[Interrupt()], checkpoint=folder, verbose=0, seed=cases.SEED
        )
    with tempfile.TemporaryDirectory() as copy:
        shutil.copy(folder / "state.npz", copy)
        model = cases.resume(name, copy, digits)
    np.savez(folder / "final.npz", **cases.weights(model))


def main():
    """Write what the present backend is to write."""
    backend, digits = keras.backend.backend(), cases.dataset()
    for name in cases.EPOCHS:
        folder = cases.FIXTURES / name
        folder.mkdir(parents=True, exist_ok=True)
        if backend == "jax":
            write_run(name, folder, digits)
        if backend == cases.SAVED:
            write_saved(name, folder, digits)
        if name in cases.INTERRUPTED:
            write_interrupted(name, folder / backend, digits)
    write_hashes()


if __name__ == "__main__":
    main()
