"""Features computed once, in memory and on disk."""

import time

import keras
import numpy as np
import pytest
from PIL import Image

import ltzoo
from ltzoo.data import FileSplit
from ltzoo.training import feature_store
from ltzoo.training.callbacks import EpochSeconds
from ltzoo.training.feature_store import FeatureStore, kept_features
from ltzoo.training.features import extract_features
from tests import tiny

pytestmark = pytest.mark.rotating(3)


@pytest.fixture
def counted():
    """A classifier, its dataset and the numbers of images that it computed features of."""
    dataset, model = tiny.dataset(), tiny.model()
    seen, compute = [], model.extract_features_on_batch

    def counting(images):
        seen.append(len(images))
        return compute(images)

    object.__setattr__(model, "extract_features_on_batch", counting)
    return model, dataset, seen


def test_features_are_computed_once_per_split_and_weights(counted):
    model, dataset, seen = counted
    plain = extract_features(model, dataset.train, 16)
    first = len(seen)
    with kept_features(model, FeatureStore()):
        for _ in range(3):
            np.testing.assert_array_equal(extract_features(model, dataset.train, 16), plain)
        assert len(seen) == 2 * first
        extract_features(model, dataset.val, 16)
        extract_features(model, dataset.train, 16)
        assert len(seen) == 2 * first + 1
        kernel = model.backbone.layers[1].kernel
        kernel.assign(2 * kernel.value)
        assert (extract_features(model, dataset.train, 16) != plain).any()
    assert model.feature_store is None


def test_blocks_on_disk_are_used_again_and_damaged_ones_are_not(counted, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, "BLOCK", 16)
    model, dataset, seen = counted

    def features(folder=tmp_path):
        with kept_features(model, FeatureStore(folder)):
            return extract_features(model, dataset.train, 8)

    plain = features()
    assert sum(seen) == len(dataset.train.labels)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    seen.clear()
    np.testing.assert_array_equal(features(), plain)
    assert seen == []
    content = bytearray(files[0].read_bytes())
    content[5] ^= 1
    files[0].write_bytes(content)
    files[1].write_bytes(files[1].read_bytes()[:-1])
    files[2].unlink()
    np.testing.assert_array_equal(features(), plain)
    assert sum(seen) == len(dataset.train.labels)
    files[0].unlink()
    seen.clear()
    np.testing.assert_array_equal(features(), plain)
    assert sum(seen) == 16


def test_other_weights_images_and_statistics_have_other_features(counted, tmp_path):
    model, dataset, seen = counted

    def files():
        with kept_features(model, FeatureStore(tmp_path)):
            extract_features(model, dataset.train)
        return {path.name for path in tmp_path.iterdir()}

    before = files()
    assert files() == before
    dataset.train.images[3, 2, 2] ^= 255
    changed = files()
    assert len(changed) == 2
    model.mean = (0.1,)
    assert len(files()) == 3


def test_files_that_change_are_read_again(tmp_path):
    paths = []
    for number in range(6):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(np.full((8, 8), 40 * number, "uint8")).save(paths[-1])
    split = FileSplit(paths, [0, 1, 2, 0, 1, 2], (8, 8), channels=1)
    model = tiny.model()
    with kept_features(model, FeatureStore(tmp_path / "features")):
        before = extract_features(model, split)
    Image.fromarray(np.full((8, 8), 255, "uint8")).save(paths[2])
    split = FileSplit(paths, [0, 1, 2, 0, 1, 2], (8, 8), channels=1)
    with kept_features(model, FeatureStore(tmp_path / "features")):
        after = extract_features(model, split)
    assert (before != after).any(axis=1).tolist() == [False, False, True, False, False, False]


def test_images_without_an_identity_stay_in_memory(tmp_path):
    class Drawn:
        labels, image_shape = np.arange(5) % 3, (8, 8, 1)

        def load(self, positions):
            return np.zeros((len(positions), 8, 8, 1), "uint8")

    with kept_features(model := tiny.model(), FeatureStore(tmp_path)):
        assert extract_features(model, Drawn()).shape == (5, model.feature_size)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_end_the_training(monkeypatch, tmp_path):
    dataset = tiny.dataset()
    monkeypatch.setattr(feature_store, "_FREE", 2**62)
    with kept_features(model := tiny.model(), FeatureStore(tmp_path / "features")):
        extract_features(model, dataset.train)
    assert list((tmp_path / "features").iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(feature_store, "_FREE", 0)
    with (
        kept_features(model, FeatureStore(tmp_path / "file" / "features")),
        pytest.warns(UserWarning, match="disk"),
    ):
        extract_features(model, dataset.train)


def test_a_staged_fit_passes_the_images_through_the_network_once(counted, tmp_path):
    from ltzoo import recipes

    dataset = tiny.dataset()
    model = ltzoo.models.build("tiny_cnn", recipes.get("transfer", epochs=2, conversions=()), dataset)
    seen, compute = [], model.extract_features_on_batch
    object.__setattr__(
        model, "extract_features_on_batch", lambda images: (seen.append(len(images)), compute(images))[1]
    )
    model.fit(dataset, verbose=0, checkpoint=tmp_path)
    assert sum(seen) == len(dataset.train.labels) + len(dataset.val.labels)
    seen.clear()
    model.fit(dataset, verbose=0, checkpoint=tmp_path, resume=True)
    assert seen == []
    assert keras.ops.convert_to_numpy(model.heads[0].deviation.value).min() > 0


def test_the_digest_of_a_network_does_not_depend_on_seeds_of_initializers():
    def network(seed, strides=1):
        keras.utils.clear_session()  # Names begin anew, as they do in a new process.
        inputs = keras.Input((8, 8, 3))
        start = keras.initializers.HeNormal(seed=seed)
        return keras.Model(inputs, keras.layers.Conv2D(4, 3, strides, kernel_initializer=start)(inputs))

    assert network(1).to_json() != network(2).to_json()
    assert feature_store._structure(network(1)) == feature_store._structure(network(2))
    assert feature_store._structure(network(1)) != feature_store._structure(network(1, strides=2))


def test_the_seconds_of_an_epoch_cover_the_features_that_were_computed_for_it():
    frozen = {"trainable": "head", "batch_norm": "frozen", "cache_features": True, "augmentation": []}
    dataset, model = tiny.dataset(), tiny.model("crt", epochs=(1, 2), stage2=frozen)
    compute = model.extract_features_on_batch

    def slow(images):
        time.sleep(1.0)
        return compute(images)

    object.__setattr__(model, "extract_features_on_batch", slow)
    clock = EpochSeconds()
    seconds = model.fit(dataset, callbacks=[clock], verbose=0).history["seconds"]
    assert seconds[1] >= 1.0 > seconds[2]
    assert clock.of_features == 0.0
