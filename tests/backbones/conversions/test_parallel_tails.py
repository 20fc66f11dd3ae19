"""Copies of the last part of a network: BBN's branches and RIDE's experts."""

import keras
import numpy as np
import pytest
from keras import layers

from ltzoo import backbones
from ltzoo.backbones.conversions import convert
from ltzoo.backbones.conversions.parallel_tails import cut_tensors, tail_outputs
from ltzoo.layers import BatchNormalization
from tests import tiny

SHAPE = (8, 8, 3)
IMAGES = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype("float32")


@pytest.fixture(scope="module")
def resnet():
    return backbones.get("resnet8", input_shape=SHAPE, seed=0)


def output(model):
    return keras.ops.convert_to_numpy(model(IMAGES))


def own(model, prefix):
    return [layer.name for layer in model.layers if layer.name.startswith(prefix)]


def test_cuts_lie_between_the_blocks(resnet):
    names = [name for name, _ in cut_tensors(resnet)]
    blocks = [f"stage{i}_block0_{last}" for i in (1, 2, 3) for last in ("add", "relu2")]
    assert names == ["images", "conv1", "bn1", "relu1", *blocks]


def test_two_branches_are_the_last_block_twice(resnet):
    model = convert(resnet, [{"name": "two_branch"}])
    assert [name.removeprefix("conventional_") for name in own(model, "conventional_")] == [
        name.removeprefix("rebalancing_") for name in own(model, "rebalancing_")
    ]
    assert all("stage3_block0" in name for name in own(model, "conventional_"))
    assert len(own(model, "conventional_")) == 9
    assert model.get_layer("stage2_block0_conv1") is resnet.get_layer("stage2_block0_conv1")
    np.testing.assert_array_equal(output(model), np.concatenate([output(resnet)] * 2, axis=-1))
    half = convert(resnet, [{"name": "two_branch", "scale": 0.5}])
    np.testing.assert_array_equal(output(half), 0.5 * output(model))


def test_experts_are_the_last_two_stages(resnet):
    model = convert(resnet, [{"name": "experts", "num_experts": 3}])
    assert [name.removeprefix("expert1_").split("_")[0] for name in own(model, "expert1_")] == [
        *["stage2"] * 9,
        *["stage3"] * 9,
    ]
    assert len(own(model, "expert3_")) == 18 and not own(model, "expert4_")
    np.testing.assert_array_equal(output(model), np.concatenate([output(resnet)] * 3, axis=-1))
    copy = model.get_layer("expert2_stage3_block0_conv1")
    copy.kernel.assign(copy.kernel * 2)
    first, second, third = np.split(output(model), 3, axis=-1)
    np.testing.assert_array_equal(first, output(resnet))
    np.testing.assert_array_equal(third, output(resnet))
    assert np.abs(second - first).max() > 1e-3


def test_narrow_experts_have_weights_of_their_own(resnet):
    model = convert(resnet, [{"name": "experts", "num_experts": 2, "width": 0.75}])
    assert model.output_shape == (None, 2, 2, 96)
    assert model.get_layer("expert1_stage2_block0_conv1").filters == 24
    assert model.get_layer("expert1_stage3_block0_shortcut").filters == 48
    first, second = np.split(output(model), 2, axis=-1)
    assert np.abs(first - second).max() > 1e-3


def test_converted_networks_survive_keras_files(resnet, tmp_path):
    model = convert(resnet, [{"name": "experts", "num_experts": 2, "width": 0.5}])
    model.save(tmp_path / "experts.keras")
    np.testing.assert_array_equal(output(keras.models.load_model(tmp_path / "experts.keras")), output(model))


def test_a_network_without_blocks_is_cut_before_its_last_convolution():
    plain = tiny.tiny_cnn(SHAPE)
    model = convert(plain, [{"name": "two_branch"}])
    assert own(model, "conventional_") == [f"conventional_block1_{part}" for part in ("conv", "norm", "relu")]
    named = convert(plain, [{"name": "two_branch", "split": "block0_conv"}])
    assert len(own(named, "conventional_")) == 5
    experts = convert(plain, [{"name": "experts"}])
    assert own(experts, "expert1_") == [f"expert1_block1_{part}" for part in ("conv", "norm", "relu")]


def test_shared_layers_operations_and_sequential_networks_are_copied():
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(3, 3, padding="same", name="first")(inputs)
    x = keras.ops.relu(shared(shared(x)) + x)
    model = convert(keras.Model(inputs, x), [{"name": "two_branch"}])
    assert own(model, "conventional_").count("conventional_shared") == 1
    np.testing.assert_allclose(
        output(model), np.concatenate([output(keras.Model(inputs, x))] * 2, -1), atol=1e-6
    )
    chain = keras.Sequential([layers.Input(SHAPE), layers.Conv2D(2, 3), layers.Conv2D(2, 3), layers.ReLU()])
    assert convert(chain, [{"name": "two_branch"}]).output_shape == (None, 4, 4, 4)


def test_errors_say_what_to_do(resnet):
    with pytest.raises(ValueError, match="everything passes, such as .*stage3_block0_add"):
        convert(resnet, [{"name": "experts", "split": "stage3_block0_conv1"}])
    with pytest.raises(ValueError, match="Choose a split where the number of channels changes.*width=0.3"):
        block = backbones.get("resnet20", input_shape=SHAPE)
        convert(block, [{"name": "experts", "split": "stage3_block1_relu2", "width": 0.3}])
    with pytest.raises(
        ValueError, match="`num_experts` must be an integer in 1 .. 100.*Received: num_experts=0"
    ):
        convert(resnet, [{"name": "experts", "num_experts": 0}])
    with pytest.raises(ValueError, match="fixed image size"):
        convert(backbones.get("resnet8", input_shape=(None, None, 3)), [{"name": "experts"}])
    with pytest.raises(ValueError, match="neither additions nor convolutions"):
        inputs = keras.Input((4,))
        convert(keras.Model(inputs, BatchNormalization()(inputs)), [{"name": "two_branch"}])
    with pytest.raises(ValueError, match="put the conversion {'name': 'two_branch'}"):
        tail_outputs(resnet, "two_branch", "This")
