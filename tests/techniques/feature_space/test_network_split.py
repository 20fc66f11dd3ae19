"""Where a backbone is cut: stages by number, word and layer name."""

import keras
import numpy as np
import pytest

from ltzoo import backbones
from ltzoo.techniques.feature_space import split_backbone, stage_ends
from tests import tiny


def test_stages_end_where_the_shape_changes():
    resnet = backbones.get("resnet8", input_shape=(8, 8, 1))
    assert stage_ends(resnet) == ["stage1_block0_relu2", "stage2_block0_relu2", "stage3_block0_relu2"]
    assert stage_ends(tiny.tiny_cnn((8, 8, 1))) == ["block0_relu", "block1_relu"]
    joined = keras.Model(
        resnet.inputs[0], keras.layers.Conv2D(24, 1, name="top")(resnet.outputs[0]), name="joined"
    )
    assert stage_ends(joined) == ["stage1_block0_relu2", "stage2_block0_relu2", "top"]


@pytest.mark.parametrize("depth", [1, "second", "stage2_block0_add"])
def test_the_parts_in_turn_are_the_network(depth):
    resnet = backbones.get("resnet8", input_shape=(8, 8, 1), seed=1)
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    config = resnet.get_config()
    lower, upper = split_backbone(resnet, depth)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(upper(lower(images, training=False), training=False)),
        keras.ops.convert_to_numpy(resnet(images, training=False)),
        rtol=1e-6,
    )
    assert {id(w) for w in [*lower.weights, *upper.weights]} == {id(w) for w in resnet.weights}
    assert not {id(w) for w in lower.weights} & {id(w) for w in upper.weights}
    # The network itself is what it was.
    assert resnet.get_config() == config


def test_nothing_is_left_behind_the_last_stage():
    resnet = backbones.get("resnet8", input_shape=(8, 8, 1))
    for depth in ("last", "third", 3, "stage3_block0_relu2"):
        assert split_backbone(resnet, depth) == (resnet, None)
    for depth in (0, 4, "stage2_block0_conv1", "fourth"):
        with pytest.raises(ValueError, match=f"depth={depth!r}"):
            split_backbone(resnet, depth)
