"""Every pass over a dataset reads and prepares several images at a time, as many as `workers` says."""

import contextlib
import threading

import numpy as np
import pytest
from PIL import Image

import ltzoo
from ltzoo.data import FileSplit, LongTailedDataset
from ltzoo.data.augmentation import get as augmentation
from ltzoo.data.reading_threads import reading_threads, reading_with
from ltzoo.training.context import StageContext
from ltzoo.training.feed import validation_feed
from tests import tiny

AT_ONCE = 3


class Counting:
    """Counts how many images are read at a time, each a moment long."""

    def __init__(self):
        self.now, self.most, self.guard = 0, 0, threading.Lock()
        self.gate = threading.Barrier(AT_ONCE)

    def __enter__(self):
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.gate.wait(timeout=0.2)  # Opens where so many images are read at a time.

    def __exit__(self, *error):
        with self.guard:
            self.now -= 1


COUNTING = Counting()


class Watched(FileSplit):
    """Files whose reading is counted."""

    def open(self, position):
        """Decode a file."""
        with COUNTING:
            return super().open(position)

    def decode(self, position):
        """Decode a file."""
        with COUNTING:
            return super().decode(position)

    def subset(self, positions):
        """Return some of the files."""
        return Watched([self.paths[p] for p in positions], self.labels[positions], self.image_size)


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    monkeypatch.setitem(globals(), "COUNTING", Counting())


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for number in range(12):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(paths[-1])
    labels = [0] * 6 + [1] * 6
    return LongTailedDataset("watched", *(Watched(paths, labels, (8, 8)) for _ in range(3)), None)


def model_of(dataset):
    recipe = tiny.recipe("cross_entropy", epochs=(1,), batch_size=6, augmentation=[])
    return ltzoo.models.build("tiny_cnn", recipe, dataset, mean=0.5, std=0.25)


def crops(dataset):
    step = augmentation([{"name": "imagenet_train_crop", "size": 8}])
    dataset.train.load(np.arange(6), read=step.reader(6, np.random.default_rng(0)))


PASSES = {
    "training crops": crops,
    "validation": lambda dataset: list(validation_feed(dataset.val.labels, dataset.val.load, 6)),
    "evaluation": lambda dataset: ltzoo.metrics.evaluate(model_of(dataset), dataset.test),
    "features": lambda dataset: StageContext(model_of(dataset), dataset, 0, 0).features(),
    "feature maps": lambda dataset: StageContext(model_of(dataset), dataset, 0, 0).feature_maps([0, 1, 2, 3]),
    "statistics": lambda dataset: ltzoo.models.build(
        "tiny_cnn", tiny.recipe("cross_entropy", epochs=(1,)), dataset
    ),
}


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("workers", [1, AT_ONCE])
def test_as_many_images_are_read_at_a_time(dataset, name, workers):
    with reading_with(workers):
        PASSES[name](dataset)
    assert COUNTING.most == workers


def test_fit_reads_with_its_workers_everywhere(dataset):
    before = reading_threads()
    seen = set()
    model = model_of(dataset)

    class Look(tiny.keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.add(reading_threads())

        def on_train_begin(self, logs=None):
            seen.add(reading_threads())

    model.fit(dataset, workers=AT_ONCE, verbose=0, callbacks=[Look()])
    assert seen == {AT_ONCE} and COUNTING.most >= AT_ONCE
    assert reading_threads() == before


def test_prediction_reads_with_its_workers(dataset, monkeypatch):
    from ltzoo.models import predict_images

    decode = predict_images.decode_source

    def watched(*arguments):
        with COUNTING:
            return decode(*arguments)

    monkeypatch.setattr(predict_images, "decode_source", watched)
    model_of(dataset).predict_images(dataset.test.paths, batch_size=6, top_k=1, workers=AT_ONCE)
    assert COUNTING.most == AT_ONCE
