"""One measurement in a process of its own, with the version of the library on the path; prints one line of JSON.

It is run by its path, not as a module, so that the same measurement runs with an earlier version.
"""

import json
import os
import resource
import sys
import time
from types import SimpleNamespace
from typing import Any


def reading(paths, side, workers):
    """Images per second of every pass over files, with a network that costs nothing."""
    import keras
    import numpy as np

    import ltzoo
    from ltzoo.data import FileSplit
    from ltzoo.data.augmentation import get
    from ltzoo.data.reading_threads import set_reading_threads
    from ltzoo.models.predict_images import stream_outputs
    from ltzoo.sampling import make_sampler
    from ltzoo.training.features import extract_features
    from ltzoo.training.feed import training_feed, validation_feed

    set_reading_threads(workers)
    split = FileSplit(
        paths, [number % 2 for number in range(len(paths))], (side, side), resize=round(side * 8 / 7)
    )
    inputs = keras.Input((side, side, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs[:, ::16, ::16])
    model = keras.Model(inputs, keras.layers.Dense(2)(pooled))
    stub: Any = SimpleNamespace(extract_features_on_batch=lambda images: images[:, 0, 0].astype("float32"))
    model.predict_on_batch(np.zeros((64, side, side, 3), "float32"))
    sampler: Any = make_sampler(split.labels, batch_size=64, seed=0, strategy="instance_balanced")
    crop = get([{"name": "imagenet_train_crop", "size": side, "color_jitter": 0.4}])
    served = SimpleNamespace(
        image_shape=(side, side, 3), image_fit="crop", predict_on_batch=model.predict_on_batch
    )

    def training():
        feed = training_feed(sampler, split.load, crop, workers=workers)
        for _, _ in zip(range(feed["steps_per_epoch"]), feed["x"], strict=False):
            pass

    passes = {
        "training": training,
        "validation": lambda: list(validation_feed(split.labels, split.load, 64)),
        "evaluation": lambda: ltzoo.metrics.evaluate(model, split, batch_size=64),
        "features": lambda: extract_features(stub, split),
        "prediction": lambda: list(stream_outputs(served, paths, workers=workers)),
    }
    found = {}
    for name, run in passes.items():
        started = time.perf_counter()
        run()
        found[name] = len(paths) / (time.perf_counter() - started)
    return found


def memory(backbone, batch, side, grid):
    """Peak memory of one batch of images through all crops of CAMC++, beyond that of the network, in MB."""
    import keras
    import numpy as np

    import ltzoo
    from ltzoo.layers import ShiftedCropEncoder

    network = ltzoo.backbones.get(backbone, input_shape=(side, side, 3))
    inputs = keras.Input((side, side, 3))
    model = keras.Model(inputs, ShiftedCropEncoder(network, grid)(inputs))
    images = np.zeros((batch, side, side, 3), "float32")
    before = _peak()
    started = time.perf_counter()
    model.predict_on_batch(images)
    return {"megabytes": _peak() - before, "seconds": time.perf_counter() - started}


def embedded(class_counts, threshold, grid):
    """Crops that CAMC++'s head embeds before its first epoch, and whole images or crops of a validation image."""
    import keras
    import numpy as np

    import ltzoo
    from ltzoo.data import LongTailedDataset
    from ltzoo.data.splits import Split
    from ltzoo.training.context import StageContext

    class Blank(Split):
        image_shape = (8, 8, 3)

        def __init__(self, labels):
            self.labels = labels

        def load(self, positions):
            return np.zeros((len(positions), 8, 8, 3), "uint8")

    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.AveragePooling2D(8)(inputs))
    recipe = ltzoo.recipes.get(
        "camc_plus_plus",
        augmentation=[],
        conversions=[{"name": "camc_plus_plus", "grid": grid}],
        stage2={"head": {"name": "camc", "threshold": threshold}},
    )
    dataset = LongTailedDataset(
        "blank", Blank(np.repeat(np.arange(len(class_counts)), class_counts)), None, None
    )
    model = ltzoo.models.build(network, recipe, class_counts, input_shape=(8, 8, 3))
    count = {"crops": 0}
    for name in ("extract_features_on_batch", "extract_feature_maps_on_batch"):
        method = getattr(type(model), name)

        def counting(self, images, method=method):
            count["crops"] += len(images) * grid**2
            return method(self, images)

        setattr(type(model), name, counting)
    crops, passes = type(model.backbone.get_layer("crops")), {"validation": 1}
    call = crops.call

    def watched(self, images, training=None):
        passes["validation"] = grid**2
        return call(self, images, training=training)

    model.enter_stage(0)
    crops.call = watched
    model(np.zeros((1, 8, 8, 3), "uint8"), training=False)
    crops.call = call
    model.enter_stage(1)
    started = time.perf_counter()
    model.begin_stage(StageContext(model, dataset, 1, 0))
    return {
        **count,
        "passes_per_validation_image": passes["validation"],
        "seconds": time.perf_counter() - started,
    }


def first_step(entry, folder, run):
    """Seconds, CPU seconds and memory of `ltzoo train ENTRY` until its first step."""
    started = time.perf_counter()
    answers = os.dup(1)
    os.dup2(2, 1)  # What the command prints is no answer.
    from ltzoo.cli import cli, progress

    def begin(self, batch, logs=None):
        cpu = time.process_time()
        found = {"seconds": time.perf_counter() - started, "cpu": cpu, "megabytes": _peak()}
        os.write(answers, (json.dumps(found) + "\n").encode())
        os._exit(0)

    progress.TrainingProgress.on_train_batch_begin = begin
    cli(["train", entry, "--data-dir", folder, "--out", run])


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.path.pop(0)  # The folder of this file.
    print(json.dumps(globals()[sys.argv[1]](**json.load(sys.stdin))))
