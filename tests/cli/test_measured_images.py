"""Images measured out of fold are found again, or none is."""

import dataclasses

import numpy as np
import pytest

from ltzoo import data
from ltzoo.cli.measured_images import measured_images
from ltzoo.data.joined import join
from ltzoo.metrics.predictions import predictions_from_probabilities
from tests import tiny


@pytest.fixture(scope="module")
def dataset(photos):
    return data.from_directory(photos, image_size=(8, 8), validation_fraction=0.3)


def predicted(images, named=True):
    names = [images.describe(place) for place in range(len(images))] if named else None
    return predictions_from_probabilities(np.full((len(images), 3), 1 / 3), images.labels, names)


def test_images_are_found_by_absolute_and_by_relative_paths(dataset, photos):
    images = join(dataset.train, dataset.val)
    order = np.random.default_rng(0).permutation(len(images))
    predictions = predicted(images.subset(order))
    relative = dataclasses.replace(
        predictions, images=tuple(name.removeprefix(f"{photos}/") for name in predictions.images)
    )
    for given in (predictions, relative):
        found = measured_images(dataset, given, str(photos))
        assert [found.describe(place) for place in range(len(found))] == list(predictions.images)
        np.testing.assert_array_equal(found.load([0, 1]), images.load(order[:2]))


def test_arrays_have_no_names_and_keep_their_order():
    dataset = tiny.dataset()
    images = join(dataset.train, dataset.val)
    found = measured_images(dataset, predicted(images, named=False), "stripes")
    np.testing.assert_array_equal(found.load([0, 40]), images.load([0, 40]))
    backward = predicted(images.subset(np.arange(len(images))[::-1]), named=False)
    assert measured_images(dataset, backward, "stripes") is None


def test_an_unknown_image_or_another_label_gives_none(dataset, photos):
    predictions = predicted(dataset.train)
    other = (*predictions.images[:-1], "elsewhere.png")
    assert measured_images(dataset, dataclasses.replace(predictions, images=other), str(photos)) is None
    labels = (predictions.labels + 1) % 3
    assert measured_images(dataset, dataclasses.replace(predictions, labels=labels), str(photos)) is None
