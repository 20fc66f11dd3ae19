"""The memory on the cards is an estimate that small networks were measured to need."""

import keras
import numpy as np
import pytest

from ltzoo import recipes, shipped
from tools.cards import memory, training_cost

SMALL = {"name": "resnet50", "width_multiplier": 0.25}
SHAPE = (64, 64, 3)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX says what a compiled step needs")
def test_a_compiled_step_keeps_the_estimated_numbers_for_each_image():
    import jax

    model = training_cost.built(SMALL, (), SHAPE)
    trained, other = (
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    def loss(trained, other, images):
        outputs, other = model.stateless_call(trained, other, images, training=True)
        return outputs.mean(), other

    def needed(batch):
        step = jax.jit(jax.grad(loss, has_aux=True))
        images = np.zeros((batch, *SHAPE), "float32")
        return step.lower(trained, other, images).compile().memory_analysis().temp_size_in_bytes

    per_image = (needed(16) - needed(8)) / 8
    assert per_image / (4 * memory.numbers(SMALL, (), SHAPE, "all")[2]) == pytest.approx(1, abs=0.1)


@pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="PyTorch says what it keeps for the backward pass"
)
@pytest.mark.parametrize("network, shape", [(SMALL, SHAPE), ({"name": "resnet8"}, (32, 32, 3))])
def test_pytorch_keeps_up_to_1_4_times_as_much(network, shape):
    import torch

    model, kept = training_cost.built(network, (), shape), {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # Alive, so that no address comes again.
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(np.zeros((8, *shape), "float32"), training=True)
    weights = {variable.value.untyped_storage().data_ptr() for variable in model.variables}
    found = sum(size for place, (size, _) in kept.items() if place not in weights)
    assert 0.66 < found / (4 * 8 * memory.numbers(network, (), shape, "all")[2]) < 1.4


def test_weights_gradients_velocities_and_images_add_up():
    made = recipes.get("cross_entropy").to_dict()
    network = {"name": "resnet8"}
    weights, trained, kept, width = memory.numbers(network, (), (32, 32, 3), "all")
    model = training_cost.built(network, (), (32, 32, 3))
    assert (weights, width) == (model.count_params(), 64)
    assert trained == sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) < weights
    assert memory.training_bytes(made, network, (32, 32, 3), 10) == 4 * (
        weights + 640 + 2 * (trained + 640) + 128 * kept
    )
    # In parts there is one sum of gradients more, and a fourth of the images.
    assert memory.training_bytes(made, network, (32, 32, 3), 10, 4) == 4 * (
        weights + 640 + 3 * (trained + 640) + 32 * kept
    )


def test_frozen_layers_keep_nothing():
    network, shape = {"name": "resnet8"}, (32, 32, 3)
    whole, last, head = (memory.numbers(network, (), shape, rule) for rule in ("all", ["stage3_*"], "head"))
    assert whole[2] > last[2] > head[2] == 0 and head[1] == 0
    views = recipes.get("bcl", batch_size=8).to_dict()
    plain = recipes.get("cross_entropy", batch_size=24).to_dict()
    assert memory.training_bytes(views, network, shape, 10) == memory.training_bytes(
        plain, network, shape, 10
    )


def test_cards_of_large_networks_say_what_they_need():
    (note,) = (text for text in shipped.read("nbn_resnext50_imagenet_lt")["notes"] if "GB" in text)
    assert "in float32 at batch 512 (estimated); --accumulate" in note
    assert not any("GB" in text for text in shipped.read("gcl_resnet32_cifar10_lt")["notes"])
    card = shipped.read("bcl_resnext50_imagenet_lt")
    assert memory.note(card["recipe"], card["backbone"], card["input_shape"], 1000)[0] in card["notes"]
