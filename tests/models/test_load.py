"""Zoo entries and model files: loading, verifying, refusing; what is shipped computes what it computed."""

import hashlib
import json
import shutil

import keras
import numpy as np
import pytest

from ltzoo import data, metrics, models, shipped
from ltzoo.models.weights_errors import WeightsError
from tests import tiny


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder of weights with one small trained entry."""
    folder = tmp_path_factory.mktemp("weights")
    model = tiny.model()
    model.fit(tiny.dataset(), verbose=0)
    models.publish(
        model,
        "gcl_tiny_stripes",
        folder,
        backbone={"name": "tiny_cnn"},
        dataset={"name": "stripes"},
        measured=metrics.evaluate(model, tiny.dataset().test),
        training={
            "backend": keras.backend.backend(),
            "seconds": 1.0,
            "command": "ltzoo train gcl_tiny_stripes",
        },
        cost={"images": 96, "gmacs": 0.1, "training_pflops": 0.2},
        notes=["Stripes."],
    )
    return folder, model


@pytest.fixture
def zoo(published, tmp_path, monkeypatch):
    """A copy of it that a test may damage."""
    folder = tmp_path / "weights"
    shutil.copytree(published[0], folder)
    monkeypatch.setattr(shipped, "folder", lambda: folder)
    return folder, published[1]


def test_an_entry_loads_its_weights_and_fine_tunes(zoo):
    _, trained = zoo
    model = models.load("gcl_tiny_stripes")
    split = tiny.dataset().test
    images, labels = split.load(np.arange(len(split))), split.labels
    np.testing.assert_array_equal(model.predict(images, verbose=0), trained.predict(images, verbose=0))
    assert np.isfinite(model.fit(images, labels, epochs=1, verbose=0).history["loss"][0])
    assert models.names() == models.names("gcl_*") == ["gcl_tiny_stripes"] and models.names("ldam_*") == []


def test_publishing_again_keeps_what_the_card_says(zoo):
    folder, trained = zoo
    models.publish(
        trained, "gcl_tiny_stripes", folder, backbone={"name": "tiny_cnn"}, dataset={"name": "stripes"}
    )
    card = models.card("gcl_tiny_stripes")
    assert card.cost["images"] == 96 and list(card.notes) == ["Stripes."] and card.measured is None


@pytest.mark.parametrize("wrong", [{"backbone": "tiny_cnn"}, {"dataset": {"imbalance_factor": 100}}])
def test_a_part_without_a_name_is_not_published(published, tmp_path, wrong):
    parts = {"backbone": {"name": "tiny_cnn"}, "dataset": {"name": "stripes"}} | wrong
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be .*Received: "):
        models.publish(published[1], "gcl_tiny_stripes", tmp_path, **parts)
    assert list(tmp_path.iterdir()) == []


def test_without_weights_and_with_a_file_of_the_user(zoo, tmp_path):
    _, trained = zoo
    images = tiny.dataset().test.load(np.arange(4))
    fresh = models.load("gcl_tiny_stripes", weights=None)
    assert not np.array_equal(fresh.predict(images, verbose=0), trained.predict(images, verbose=0))
    trained.save_weights(tmp_path / "mine.weights.h5")
    mine = models.load("gcl_tiny_stripes", weights=tmp_path / "mine.weights.h5")
    np.testing.assert_array_equal(mine.predict(images, verbose=0), trained.predict(images, verbose=0))
    with pytest.raises(FileNotFoundError, match="other.weights.h5"):
        models.load("gcl_tiny_stripes", weights=tmp_path / "other.weights.h5")


def test_weights_with_another_hash_are_refused(zoo, tmp_path):
    folder, _ = zoo
    path = folder / "gcl_tiny_stripes.weights.h5"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(models.WeightsError, match=hashlib.sha256(path.read_bytes()).hexdigest()):
        models.load("gcl_tiny_stripes")
    path.unlink()
    with pytest.raises(models.WeightsError, match="ltzoo train gcl_tiny_stripes"):
        models.load("gcl_tiny_stripes")
    other = tmp_path / "other.weights.h5"
    models.build("tiny_cnn", "gcl", (5, 5, 5, 5), input_shape=(8, 8, 1)).save_weights(other)
    with pytest.raises(models.WeightsError, match="does not fit the network of gcl_tiny_stripes"):
        models.load("gcl_tiny_stripes", weights=other)


def test_a_card_says_what_a_run_measured(zoo):
    folder, model = zoo
    card = models.card("gcl_tiny_stripes")
    assert card.class_counts == tiny.CLASS_COUNTS and card.class_names == model.class_names
    assert card.recipe == model.recipe.to_dict()
    assert 0 <= card.measured["top1"] <= 1
    assert card.weights["size"] == (folder / card.weights["file"]).stat().st_size
    assert models.Card.from_json(card.to_json()) == card


def test_unknown_entries_and_files_are_named(zoo, tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'gcl_tiny_stripes'"):
        models.load("gcl_tiny_stripe")
    with pytest.raises(FileNotFoundError, match="none.keras"):
        models.load(tmp_path / "none.keras")
    (tmp_path / "run").mkdir()
    with pytest.raises(FileNotFoundError, match="has the run finished"):
        models.load(tmp_path / "run")


def test_a_run_folder_and_a_file_load(tmp_path):
    model = tiny.model()
    model.save(tmp_path / "model.keras")
    images = tiny.dataset().test.load(np.arange(4))
    for path in (tmp_path, tmp_path / "model.keras"):
        np.testing.assert_array_equal(
            models.load(path).predict(images, verbose=0), model.predict(images, verbose=0)
        )


SHIPPED = sorted(path.name.removesuffix(".weights.h5") for path in shipped.folder().glob("*.weights.h5"))


def test_something_is_shipped():
    assert "gcl_resnet8_digits_lt" in SHIPPED


@pytest.mark.parametrize("entry", SHIPPED)
def test_shipped_weights_compute_what_they_computed(entry):
    model = models.load(entry)
    with np.load(shipped.folder() / f"{entry}.golden.npz") as golden:
        images = golden["images"]
        assert len(images) == 4
        computed = {
            "features": model.extract_features_on_batch(images),
            "logits": model.predict_on_batch(images),
        }
        for key, values in computed.items():
            np.testing.assert_allclose(values, golden[key], rtol=1e-4, atol=1e-4)


def test_an_entry_without_weights_is_that_of_its_authors_constants():
    with pytest.warns(UserWarning, match="This is gcl_published_resnet32_cifar10_lt") as caught:
        model = models.load("gcl_resnet32_cifar10_lt")
    assert {warning.filename for warning in caught} == {__file__}
    assert (model.name, model.recipe.name) == ("gcl_published_resnet32_cifar10_lt", "gcl_published")
    with np.load(shipped.folder() / "gcl_published_resnet32_cifar10_lt.golden.npz") as golden:
        logits = model.predict_on_batch(golden["images"])
        np.testing.assert_allclose(logits, golden["logits"], rtol=1e-4, atol=1e-4)
    assert models.load("gcl_resnet32_cifar10_lt", weights=None).recipe.name == "gcl"
    with pytest.raises(WeightsError, match="No weights of gcl_resnet32_cifar100_lt"):
        models.load("gcl_resnet32_cifar100_lt")


@pytest.mark.parametrize("entry", [name for name in SHIPPED if name.endswith("_digits_lt")])
def test_shipped_weights_reach_what_the_card_says(entry):
    card = models.card(entry)
    arguments = dict(card.dataset)
    dataset = data.load(arguments.pop("name"), **arguments)
    assert tuple(dataset.class_counts) == card.class_counts
    result = metrics.evaluate(models.load(entry), dataset.test)
    for key in ("top1", "few", "balanced"):
        assert abs(getattr(result, key) - card.measured[key]) < 0.005


def test_damaged_cards_do_not_load(zoo):
    folder, _ = zoo
    shutil.copy(folder / "gcl_tiny_stripes.json", folder / "copy.json")
    text = json.loads((folder / "copy.json").read_text())
    text["recipe"]["stages"][0]["speed"] = 1
    (folder / "copy.json").write_text(json.dumps(text))
    with pytest.raises(ValueError, match="speed"):
        models.card("copy")
