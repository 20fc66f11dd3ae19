"""Augmentation that fits the data."""

import types

import pytest

from ltzoo import recipes


def _first(name, shape):
    dataset = types.SimpleNamespace(name=name, image_shape=shape)
    recipe = recipes.for_dataset(recipes.get("gcl"), dataset)
    assert recipe.stages[0].augmentation == recipe.stages[1].augmentation
    return recipe.stages[0].augmentation[0]


@pytest.mark.parametrize(
    "name, shape, expected",
    [
        ("cifar10_lt", (32, 32, 3), {"name": "pad_crop_flip", "padding": 4, "flip": True}),
        ("digits_lt", (8, 8, 1), {"name": "pad_crop_flip", "padding": 1, "flip": False}),
        ("photos", (96, 96, 3), {"name": "pad_crop_flip", "padding": 12, "flip": True}),
        ("photos", (224, 224, 3), {"name": "imagenet_train_crop", "size": 224}),
        ("strips", (40, 200, 3), {"name": "pad_crop_flip", "padding": 5, "flip": True}),
    ],
)
def test_crops_fit_the_images(name, shape, expected):
    assert _first(name, shape) == expected


def test_other_augmentation_stays():
    dataset = types.SimpleNamespace(name="photos", image_shape=(224, 224, 3))
    recipe = recipes.get("gcl", augmentation=[{"name": "cutout", "size": 8}])
    assert recipes.for_dataset(recipe, dataset).stages[0].augmentation == ({"name": "cutout", "size": 8},)


def test_cutout_leaves_half_of_the_height():
    dataset = types.SimpleNamespace(name="digits_lt", image_shape=(8, 8, 1))
    cutout = {"name": "cutout", "size": 16}
    recipe = recipes.get("gcl", augmentation=[cutout, {"name": "per_view", "steps": [[cutout], []]}])
    smaller = {"name": "cutout", "size": 4}
    expected = (smaller, {"name": "per_view", "steps": [[smaller], []]})
    assert recipes.for_dataset(recipe, dataset).stages[0].augmentation == expected


@pytest.mark.parametrize("shape, stays", [((8, 8, 1), False), ((32, 32, 3), True)])
def test_auto_augment_is_for_photographs(shape, stays):
    dataset = types.SimpleNamespace(name="any", image_shape=shape)
    steps = [{"name": "auto_augment"}, {"name": "rand_augment"}]
    recipe = recipes.get("gcl", augmentation=[*steps, {"name": "per_view", "steps": [steps, []]}])
    expected = steps if stays else steps[1:]
    assert recipes.for_dataset(recipe, dataset).stages[0].augmentation == (
        *expected,
        {"name": "per_view", "steps": [expected, []]},
    )


def test_characters_are_not_averaged_with_their_mirror_images():
    conversions = [{"name": "nbn"}, {"name": "flip_average"}]
    for name, expected in (("digits_lt", ("nbn",)), ("cifar10_lt", ("nbn", "flip_average"))):
        dataset = types.SimpleNamespace(name=name, image_shape=(32, 32, 3))
        recipe = recipes.for_dataset(recipes.get("fast", conversions=conversions), dataset)
        assert tuple(config["name"] for config in recipe.conversions) == expected


@pytest.mark.parametrize("height, shift", [(8, 0), (32, 1), (72, 2), (96, 3)])
def test_the_shift_of_predictions_grows_with_the_images(height, shift):
    dataset = types.SimpleNamespace(name="any", image_shape=(height, height, 3))
    recipe = recipes.for_dataset(recipes.get("best"), dataset)
    assert recipe.conversions == ({"name": "flip_average", "shift": shift},)
