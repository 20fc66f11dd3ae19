import keras

from ltzoo import backbones
from ltzoo.backbones.residual_blocks import final_norms, last_stage, norm_layers, residual_blocks
from tests import tiny
from tests.backbones import residual_networks


def names(layers):
    return [layer.name for layer in layers]


def test_blocks_of_a_cifar_resnet():
    model = backbones.get("resnet8", input_shape=(8, 8, 1))
    blocks = residual_blocks(model)
    assert [block.name for block in blocks] == [f"stage{i}_block0_add" for i in (1, 2, 3)]
    assert [block.shape for block in blocks] == [(8, 8, 16), (4, 4, 32), (2, 2, 64)]
    # The stem's norm enters the first block through its shortcut and is no part of it.
    assert names(blocks[0].norms) == ["stage1_block0_bn1", "stage1_block0_bn2"]
    assert names(blocks[0].last_norms) == ["stage1_block0_bn2"]
    assert last_stage(model) == blocks[2:]
    open_size = backbones.get("resnet8", input_shape=(None, None, 1))
    assert [block.name for block in last_stage(open_size)] == ["stage3_block0_add"]


def test_blocks_with_grouped_convolutions_and_projections():
    # Additions as layers and by "+"; two stages and a single one.
    for stages in (((8, 1, 1), (16, 2, 2)), ((8, 2, 2),)):
        blocks = last_stage(residual_networks.resnext(stages, plus=len(stages) == 1))
        name = f"s{len(stages)}"
        assert [sorted(names(block.last_norms)) for block in blocks] == [
            [f"{name}b0_last", f"{name}b0_shortcut"],
            [f"{name}b1_last"],
        ]
        assert sorted(names(blocks[1].norms)) == [f"{name}b1_{part}" for part in ("first", "grouped", "last")]


def test_experts_side_by_side_are_one_stage():
    blocks = last_stage(residual_networks.experts())
    assert sorted(block.name for block in blocks) == [
        f"expert{number}_stage3_block{block}_add" for number in (1, 2) for block in (0, 1)
    ]
    # Convolutions without norm on the shortcut of the first block.
    assert {len(block.last_norms) for block in blocks} == {1}


def test_preactivation_blocks_have_no_norm_at_their_end():
    blocks = residual_blocks(residual_networks.preactivation())
    assert [names(block.norms) for block in blocks] == [["b0_first", "b0_second"], ["b1_first", "b1_second"]]
    assert [block.last_norms for block in blocks] == [(), ()]


def test_networks_without_blocks():
    model = tiny.tiny_cnn((8, 8, 1))
    assert residual_blocks(model) == [] and last_stage(model) == []
    assert names(final_norms(model)) == ["block1_norm"]
    assert [(layer.name, shape) for layer, shape in norm_layers(model).items()] == [
        ("block0_norm", (3, 3, 4)),
        ("block1_norm", (1, 1, 4)),
    ]
    inputs = keras.Input((4,))
    shifted = keras.Model(inputs, keras.layers.Add()([inputs, keras.layers.Dense(4)(inputs)]))
    assert residual_blocks(shifted) == [] and final_norms(shifted) == []
