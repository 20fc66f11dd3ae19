"""The types of the options."""

import click
import pytest

from ltzoo.cli.options import Backbone, Epochs, ImageSize, Setting


@pytest.mark.parametrize("text, value", [("20", [20]), ("20,5", [20, 5])])
def test_epochs(text, value):
    assert Epochs()(text) == value
    assert Epochs()(value) == value


@pytest.mark.parametrize("text", ["", "0", "5,0", "2.5", "-1", "1,,2", "x"])
def test_wrong_epochs(text):
    with pytest.raises(click.BadParameter, match="20,5"):
        Epochs()(text)


@pytest.mark.parametrize("text, value", [("64", [64, 64]), ("64x96", [64, 96])])
def test_image_size(text, value):
    assert ImageSize()(text) == value
    assert ImageSize()(value) == value


@pytest.mark.parametrize("text", ["", "0", "64x", "64x0", "a"])
def test_wrong_image_size(text):
    with pytest.raises(click.BadParameter, match="height"):
        ImageSize()(text)


def test_backbone():
    assert Backbone()("resnet32") == {"name": "resnet32"}
    config = {"name": "resnet8", "width_multiplier": 0.25, "seed": 3}
    assert Backbone()("resnet8:width_multiplier=0.25,seed=3") == config
    assert Backbone()(config) == config


def test_backbone_of_another_library():
    assert Backbone()("keras_hub:resnet_50_imagenet") == {"name": "keras_hub:resnet_50_imagenet"}
    config = {"name": "keras_applications:MobileNet", "weights": "imagenet", "alpha": 0.25}
    assert Backbone()("keras_applications:MobileNet:weights=imagenet,alpha=0.25") == config
    assert Backbone()("keras_hub:hf://a/b") == {"name": "keras_hub:hf://a/b"}
    assert Backbone()("keras_hub:hf://a/b:seed=1") == {"name": "keras_hub:hf://a/b", "seed": 1}


def test_setting():
    assert Setting()('stage2={"scale":20}') == ["stage2", {"scale": 20}]
    assert Setting()("trainable=head") == ["trainable", "head"]
    with pytest.raises(click.BadParameter, match="KEY=VALUE"):
        Setting()("=3")
