"""A training that starts from the backbone of another one."""

import numpy as np
import pytest

from ltzoo import models
from ltzoo.models.start_from import start_from


def _build(seed, backbone="resnet8", **arguments):
    backbone = {"name": backbone, "width_multiplier": 0.25, **arguments}
    return models.build(backbone, "cross_entropy", (9, 4), input_shape=(16, 16, 3), seed=seed, compile=False)


def _kernel(model, layer):
    return np.array(model.backbone.get_layer(layer).get_weights()[0])


def test_layers_are_found_by_name():
    model, other = _build(1), _build(2)
    head = np.array(model.head.get_weights()[0])
    assert start_from(model, other) == []
    for mine, its in zip(model.backbone.get_weights(), other.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(model.head.get_weights()[0], head)


def test_layers_that_only_the_model_has_keep_their_weights():
    small = {"backbone": "resnet10", "stem": "small"}
    model, other = _build(1, backbone="resnet18", stem="small"), _build(2, **small)
    extra = _kernel(model, "stage4_block1_conv1")
    fresh = start_from(model, other)
    parts = ("conv1", "bn1", "conv2", "bn2")
    assert fresh == [f"stage{stage}_block1_{part}" for stage in range(1, 5) for part in parts]
    np.testing.assert_array_equal(_kernel(model, "stage4_block1_conv1"), extra)
    for name in ("conv1", "stage4_block0_conv2"):
        np.testing.assert_array_equal(_kernel(model, name), _kernel(other, name))
    before = [np.array(weight) for weight in model.get_weights()]
    with pytest.raises(ValueError, match=r"layer '\S+' is missing"):
        start_from(other, model)
    with pytest.raises(ValueError, match="has shapes"):
        start_from(model, _build(3, width_multiplier=0.5, **small))
    for mine, its in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, its)
