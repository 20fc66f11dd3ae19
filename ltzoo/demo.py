"""The demo: real images, two stages, a report and an exported model, offline."""

import dataclasses
import importlib.util
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ltzoo import data, models, recipes
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.files import atomic_write
from ltzoo.metrics import evaluate, prediction_alarms
from ltzoo.models import LongTailedClassifier
from ltzoo.recipes.cifar import step_schedule
from ltzoo.recipes.recipe import Recipe
from ltzoo.report import classifier_norms, write_report
from ltzoo.writer_lock import WriterLock

BACKBONE = {"name": "resnet8"}
IMBALANCE_FACTOR = 50
EPOCHS = (40, 10)
NAMES = ("cross-entropy", "GCL stage 1", "GCL stage 2")


@dataclasses.dataclass(frozen=True)
class DemoResult:
    """Results of a demo run.

    Attributes:
        dataset: the long-tailed digits.
        results: a `Result` each for the baseline, stage 1 and stage 2 (`NAMES`), on the balanced test images.
        seconds: training time of each; stage 2 includes stage 1.
        model: the classifier after stage 2.
        recipe: its recipe.
        report: path of `report.html`.
        saved: path of the `.keras` file.
        served: path of the SavedModel; None without TensorFlow.
        served_difference: largest difference between its logits, computed in a new process, and the model's.
    """

    dataset: LongTailedDataset
    results: dict
    seconds: dict
    model: LongTailedClassifier
    recipe: Any
    report: Path
    saved: Path
    served: Path | None
    served_difference: float | None


def demo_recipes(epochs: Sequence[int] = EPOCHS) -> tuple[Recipe, Recipe]:
    """Return the recipes of the baseline and of GCL, with equal total epochs, batches, optimizer and rate steps.

    Neither augments images, so stage 2 can compute the frozen features once.
    """
    shared = {"batch_size": 32, "augmentation": [], "mixup_alpha": 0.0}

    def steps(count):
        return step_schedule(0.05, count, (0.1, 0.01))

    total = sum(epochs)
    baseline = recipes.get("cross_entropy", epochs=(total,), schedule=steps(total), **shared)
    stages = {"stage1": {"schedule": steps(epochs[0])}, "stage2": {"cache_features": True}}
    return baseline, recipes.get("gcl", epochs=epochs, **stages, **shared)


def run(
    out: str | os.PathLike,
    seed: int = 0,
    *,
    epochs: Sequence[int] = EPOCHS,
    callbacks: Callable[[str, int], Sequence[keras.callbacks.Callback]] | None = None,
    say: Callable[[str], Any] = print,
    export: bool = True,
) -> DemoResult:
    """Train the baseline and GCL on long-tailed digits and write everything into a folder.

    Args:
        out: folder for `report/`, `model.keras`, `saved_model/` and `results.json`.
        seed: chooses the test images and seeds both runs.
        epochs: epochs of GCL's two stages; the baseline gets their sum.
        callbacks: function (name of a run, epochs) -> Keras callbacks, to show progress.
        say: function that prints a line.
        export: also export a SavedModel, if TensorFlow is installed, and compare it in a new process.

    Returns:
        A `DemoResult`.

    Raises:
        FolderInUseError: another process writes into the folder.
    """
    with WriterLock(out):
        return _run(Path(out), seed, epochs, callbacks, say, export)


def _run(out, seed, epochs, callbacks, say, export):
    dataset = data.load("digits_lt", imbalance_factor=IMBALANCE_FACTOR, seed=seed)
    assert dataset.test is not None
    say(
        f"UCI digits, long-tailed: {len(dataset.train)} training images "
        f"({', '.join(str(count) for count in dataset.class_counts)}), {len(dataset.test)} balanced test images"
    )
    baseline_recipe, recipe = demo_recipes(epochs)
    results, seconds, histories, norms = {}, {}, {}, {}

    def train(name, recipe, extra=()):
        model = models.build(BACKBONE, recipe, dataset, seed=seed)
        shown = [] if callbacks is None else callbacks(name, recipe.epochs)
        start = time.perf_counter()
        histories[name] = model.fit(dataset, callbacks=[*extra, *shown], seed=seed, verbose=0).history
        seconds[name] = time.perf_counter() - start
        results[name] = evaluate(model, dataset.test)
        norms[name] = classifier_norms(model)
        return model

    train(NAMES[0], baseline_recipe)
    clock = _StageOne(dataset)
    model = train(NAMES[2], recipe, [clock])
    results[NAMES[1]], seconds[NAMES[1]] = clock.result, clock.seconds
    norms[NAMES[1]] = clock.norms
    results = {name: results[name] for name in NAMES}
    alarms = prediction_alarms(results[NAMES[-1]].confusion, dataset.class_names)
    for alarm in alarms:
        say(f"Alarm: {alarm}")
    report = write_report(
        out / "report",
        title="ltzoo demo: long-tailed digits",
        class_counts=dataset.class_counts,
        class_names=dataset.class_names,
        results=results,
        weight_norms={name: norms[name] for name in NAMES},
        histories=histories,
        seconds=seconds,
        notes=[
            f"Training images: UCI digits with imbalance factor {IMBALANCE_FACTOR}, seed {seed}. "
            f"Network: {BACKBONE['name']}, {keras.backend.backend()} backend.",
            f"The baseline and GCL trained for {sum(epochs)} epochs each, without augmentation; GCL stage 1 is GCL "
            f"after its first {epochs[0]} epochs.",
        ],
        alarms=alarms,
    )
    saved = out / "model.keras"
    with atomic_write(saved) as temporary:
        model.save(temporary)
    served, difference = _serve(model, dataset, out / "saved_model", say) if export else (None, None)
    with atomic_write(out / "results.json") as temporary:
        rows = {name: {**results[name].to_dict(), "seconds": seconds[name]} for name in NAMES}
        content = {"seed": seed, "results": rows, "alarms": [str(alarm) for alarm in alarms]}
        Path(temporary).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return DemoResult(dataset, results, seconds, model, recipe, report, saved, served, difference)


class _StageOne(keras.callbacks.Callback):
    """Measures the model at the end of stage 1."""

    def __init__(self, dataset):
        super().__init__()
        self.dataset, self.result, self.start = dataset, None, time.perf_counter()

    def on_train_end(self, logs=None):
        if self.result is None:
            self.seconds = time.perf_counter() - self.start
            self.result = evaluate(self.model, self.dataset.test)
            self.norms = classifier_norms(self.model)


def _serve(model, dataset, folder, say):
    if importlib.util.find_spec("tensorflow") is None:
        say("TensorFlow is not installed: no SavedModel was exported.")
        return None, None
    model.export(folder)
    images = dataset.test.load(np.arange(min(64, len(dataset.test))))
    outputs = models.served_outputs(folder, images)
    difference = float(np.abs(outputs - model.predict(images, verbose=0)).max())
    if difference > 1e-3:
        raise RuntimeError(f"The exported SavedModel computes other logits: they differ by {difference:.2g}")
    say(f"SavedModel loaded in a fresh process: logits differ by at most {difference:.1e}")
    return folder, difference
