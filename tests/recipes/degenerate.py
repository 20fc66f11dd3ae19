"""Train recipes on degenerate data: each must learn something or raise an alarm.

python -m tests.recipes.degenerate > docs/degenerate.txt     # every recipe, kind of data and precision
"""

import dataclasses
import itertools
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import keras
import numpy as np

import ltzoo
from ltzoo import recipes
from ltzoo.training import TrainingAlarm
from tests import tiny

BATCH = 8
PRECISIONS = ("float32", "mixed_bfloat16")
BACKBONES = {
    "resnet32": "tiny_cnn",
    "efficientnet_lite0": "tiny_cnn",
    "fastnet": {"name": "fastnet", "widths": (4, 6)},
}


def gray():
    """Noisy stripes in three equal channels, with validation images."""
    dataset = tiny.dataset((10, 6, 4))
    x, x_val = (
        split.load(np.arange(len(split))).repeat(2, 1).repeat(2, 2).repeat(3, -1)
        for split in (dataset.train, dataset.val)
    )
    return ltzoo.data.from_arrays(x, dataset.train.labels, x_val=x_val, y_val=dataset.val.labels)


def constant():
    """The same pixel everywhere, with validation images."""
    x, x_val = (np.full((count, 16, 16, 3), 90, "uint8") for count in (20, 6))
    return ltzoo.data.from_arrays(x, np.repeat([0, 1, 2], (10, 6, 4)), x_val=x_val, y_val=np.arange(6) % 3)


def small():
    """8x8 color images."""
    labels = np.repeat([0, 1, 2], (10, 6, 4))
    images = np.random.default_rng(0).integers(0, 120, (20, 8, 8, 3))
    images[np.arange(20), :, :, labels] += 120
    return ltzoo.data.from_arrays(images.astype("uint8"), labels)


def one_each():
    """One image per class."""
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3))
    return ltzoo.data.from_arrays(images.astype("uint8"), np.arange(6))


DATA = {"gray": gray, "constant": constant, "8x8": small, "one image per class": one_each}


def two_epochs(name, dataset, teacher):
    """Return a recipe with two epochs per stage that has any, in small batches; `teacher` is a path."""
    recipe = recipes.for_dataset(recipes.get(name), dataset)
    stages = []
    for stage in recipe.stages:
        technique = stage.technique
        changes = {"steps_per_epoch": -(-len(dataset.train) // BATCH), "teachers": [str(teacher)]}
        if technique is not None:
            technique = {**technique, **{key: value for key, value in changes.items() if key in technique}}
        stages.append(
            dataclasses.replace(stage, epochs=2 * bool(stage.epochs), batch_size=BATCH, technique=technique)
        )
    return dataclasses.replace(recipe, stages=tuple(stages))


def train(name, kind, precision, folder):
    """Train and return (balanced training accuracy, whether that is better than chance, names of the alarms)."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        dataset = DATA[kind]()
        teacher = Path(folder) / "teacher.keras"
        if "distilled" in name:
            ltzoo.models.build("tiny_cnn", "cross_entropy", dataset).save(teacher)
        backbone = BACKBONES[recipes.default_backbone(name)]
        model = ltzoo.models.build(backbone, two_epochs(name, dataset, teacher), dataset)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingAlarm)
            warnings.simplefilter("error", RuntimeWarning)  # NumPy divided by zero.
            alarms = model.fit(dataset, verbose=0).alarms
        images = dataset.train.load(np.arange(len(dataset.train)))
        logits = keras.ops.convert_to_numpy(keras.ops.cast(model(images, training=False), "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(logits).all()
    right = logits.argmax(axis=1) == dataset.train.labels
    balanced = np.mean([right[dataset.train.labels == label].mean() for label in range(dataset.num_classes)])
    return balanced, balanced > 1 / dataset.num_classes + 1e-9, [alarm.name for alarm in alarms]


def cases():
    """Return all triples (recipe, kind of data, precision)."""
    return list(itertools.product(recipes.names(), DATA, PRECISIONS))


def main():
    """Train all cases and print one line for each; exit with 1 if any fails."""
    print(f"Keras {keras.__version__}, {keras.backend.backend()} backend")
    print(f"{'recipe':<32}{'data':<22}{'precision':<16}{'balanced':>8}  alarms")
    failed = 0
    for name, kind, precision in cases():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                balanced, learned, alarms = train(name, kind, precision, folder)
                text = f"{100 * balanced:>6.1f} %  " + ("; ".join(alarms) or "none")
                bad = not (learned or alarms)
            except Exception as error:
                traceback.print_exc()
                text, bad = f"{type(error).__name__}: {str(error).splitlines()[0]}", True
        failed += bad
        print(f"{name:<32}{kind:<22}{precision:<16}{text}{'  FAILED' if bad else ''}", flush=True)
    print(f"{failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
