"""A classifier knows how images of any shape become its input, and hands it on."""

import dataclasses
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from ltzoo import models
from ltzoo.data import LongTailedDataset
from ltzoo.metrics import evaluate
from ltzoo.models.cards import Card
from ltzoo.models.exporting.describe import describe
from ltzoo.models.publishing.entry import publish
from ltzoo.models.publishing.readme import _preprocessing
from tests import tiny


def squashed():
    """The tiny dataset, as if its images had been squashed to their size."""
    data = tiny.dataset()
    for split in data.splits().values():
        split.image_fit = "squash"
    return data


def test_a_classifier_takes_the_fit_of_its_dataset():
    data = squashed()
    assert isinstance(data, LongTailedDataset) and data.image_fit == "squash"
    assert models.build("tiny_cnn", tiny.recipe(), data).image_fit == "squash"
    assert models.build("tiny_cnn", tiny.recipe(), data, image_fit="pad").image_fit == "pad"
    assert tiny.dataset().image_fit is None and tiny.model().image_fit == "crop"


def test_training_on_files_sets_it_and_arrays_leave_it():
    model = tiny.model("cross_entropy", epochs=(1,))
    model.fit(squashed(), verbose=0)
    assert model.image_fit == "squash"
    model.fit(tiny.dataset(), verbose=0)
    assert model.image_fit == "squash"


def test_it_survives_the_file_and_new_classes(tmp_path):
    model = models.build("tiny_cnn", tiny.recipe(), squashed())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.image_fit == "squash"
    assert models.with_new_classes(loaded, num_classes=2).image_fit == "squash"
    assert models.with_new_classes(tiny.model(), squashed()).image_fit == "squash"


def test_files_of_earlier_versions_crop():
    config = tiny.model().get_config()
    del config["image_fit"]
    assert models.LongTailedClassifier.from_config(config).image_fit == "crop"


def test_wrong_fits_are_named():
    with pytest.raises(
        ValueError, match="`image_fit` must be one of 'crop', 'squash', 'pad'. Received: image_fit='x'"
    ):
        models.build("tiny_cnn", tiny.recipe(), tiny.dataset(), image_fit="x")


def test_evaluation_warns_of_images_fitted_in_another_way():
    model, data = models.build("tiny_cnn", tiny.recipe(), squashed()), squashed()
    evaluate(model, data.test)
    data.test.image_fit = "crop"
    with pytest.warns(UserWarning, match="fit='squash', and `split` has fit='crop'"):
        evaluate(model, data.test)


def test_exports_and_cards_say_it(tmp_path):
    model = models.build("tiny_cnn", tiny.recipe(), squashed(), name="squashed")
    described = describe(model)
    assert described.image_fit == "squash" and describe(tiny.model()).image_fit == "crop"
    assert json.loads(described.card)["preprocessing"] == {"fit": "squash", "interpolation": "bilinear"}
    card = publish(
        model, "squashed", tmp_path, backbone={"name": "tiny_cnn"}, dataset={"name": "stripes"},
        weights_license="MIT",
    )  # fmt: skip
    assert card.preprocessing == {"fit": "squash", "interpolation": "bilinear"}
    assert "each side by itself" in _preprocessing(card)
    loaded = models.load(tmp_path / "squashed.json")
    assert loaded.image_fit == "squash"
    np.testing.assert_array_equal(loaded.predict(np.zeros((1, 8, 8, 1)), verbose=0).shape, (1, 3))
    wrong = dataclasses.replace(card, preprocessing={"fit": "crop", "interpolation": "bilinear"})
    with pytest.raises(ValueError, match="preprocessing"):
        wrong.check()
    assert isinstance(card, Card) and _preprocessing(SimpleNamespace(preprocessing=None)) is None
