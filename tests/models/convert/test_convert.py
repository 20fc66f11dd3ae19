"""Small networks there and back in every layout, and what does not fit."""

import dataclasses

import keras
import numpy as np
import pytest

from ltzoo import backbones, models, recipes
from ltzoo.checkpoint_layouts import detect_layout
from ltzoo.models.convert import CheckpointError, layout_names
from ltzoo.models.convert.checkpoint import parts_of

COUNTS = (9, 5, 2)
EXPERTS = {"name": "experts", "num_experts": 2}


def ride():
    """Two experts with NBN, each with a rectified classifier; without the router, which the files do not have."""
    groups = ["expert1_*", "expert2_*"]
    return dataclasses.replace(
        recipes.get("ride_nbn"),
        head={**EXPERTS, "head": {"name": "rectified"}},
        conversions=(EXPERTS, {"name": "nbn", "placement": "A", "groups": groups}),
        stages=recipes.get("cross_entropy").stages,
    )


def places():
    """Four stages as in the large networks, with two blocks in the last one."""
    return backbones.residual_network(
        (1, 1, 1, 2), input_shape=(16, 16, 3), stem="small", width_multiplier=1 / 32
    )


def model(recipe, backbone=None, seed=None, **arguments):
    """A small classifier; with a seed all its weights are random, running variances positive."""
    backbone = {"name": "resnet8", "width_multiplier": 0.25} if backbone is None else backbone
    settings = {"input_shape": (16, 16, 3), "compile": False, "initialize": False, **arguments}
    made = models.build(backbone, recipe, COUNTS, **settings)
    if seed is not None:
        draws = np.random.default_rng(seed)
        for variable in made.weights:
            if not variable.path.endswith("_factor"):
                variable.assign(1.0 + 0.3 * draws.standard_normal(variable.shape))
            else:
                variable.assign(1.0)
    return made


def logits(classifier):
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    return keras.ops.convert_to_numpy(classifier(images))


def flat(state):
    return {
        f"{part}/{name}": array for part, names in parts_of(state).items() for name, array in names.items()
    }


CASES = {
    "gcl": ("gcl_published", None),
    "ldam": ("ldam_drw", None),
    "gcl_places": ("gcl", places),
    "mislas": ("mislas_published", None),
    "mislas_places": ("mislas", places),
    "decoupling": ("lws", None),
    "balanced_softmax": ("balanced_softmax", None),
    "nbn": ("nbn", None),
    "nbn experts": (ride, None),
    "fsa": ("fsa", None),
    "fsa with pooling": ("cross_entropy", {"name": "resnet10", "width_multiplier": 1 / 32}),
    "decoupling tau": ("tau_norm", None),
}


def case(name):
    recipe, backbone = CASES[name]
    recipe = recipe() if callable(recipe) else recipe
    if name == "decoupling tau":
        recipe = dataclasses.replace(recipes.get(recipe), stages=[recipes.get(recipe).stages[0]])
        recipe = dataclasses.replace(recipe, head={"name": "tau_normalized", "tau": 0.7})
    return recipe, backbone() if callable(backbone) else backbone, name.split()[0]


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name):
    recipe, backbone, layout = case(name)
    first = model(recipe, backbone, seed=1)
    state = models.torch_state(first, layout)
    found = detect_layout(parts_of(state)).name
    assert {found, layout} in ({layout}, {"gcl", "ldam"}, {"decoupling", "balanced_softmax"})
    recipe, backbone, _ = case(name)
    second = models.convert_checkpoint(state, model(recipe, backbone), layout)
    np.testing.assert_array_equal(logits(second), logits(first))
    again = models.torch_state(second, layout)
    assert list(flat(again)) == list(flat(state))
    for key, array in flat(state).items():
        np.testing.assert_array_equal(flat(again)[key], array, err_msg=key)
    prefixed = {key.startswith("module.") for names in _leaves(state) for key in names}
    assert prefixed == {layout != "fsa"}


def test_every_layout_has_a_case():
    assert {name.split()[0] for name in CASES} == set(layout_names())


def _leaves(tree):
    for value in tree.values():
        if isinstance(next(iter(value.values())), dict):
            yield from _leaves(value)
        else:
            yield value


def test_a_separate_shift_and_stage_1_take_the_one_classifier_of_the_file():
    first = model("mislas", seed=1)
    state = models.torch_state(first, "mislas")
    kernel = state["state_dict_classifier"]["module.fc.weight"].T
    np.testing.assert_array_equal(
        kernel, sum(keras.ops.convert_to_numpy(v) for v in (first.head.kernel, first.head.shift))
    )
    second = models.convert_checkpoint(state, model("mislas"))
    np.testing.assert_allclose(logits(second), logits(first), rtol=1e-5)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(second.heads[0].kernel), kernel)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(second.head.shift), 0)


@pytest.mark.parametrize(
    "recipe, layout, part",
    [("mislas_published", "mislas", "state_dict_lws_model"), ("lws", "decoupling", "")],
)
def test_a_file_of_stage_1_leaves_the_scales_at_one(recipe, layout, part):
    state = models.torch_state(model(recipe, seed=1), layout)
    if part:
        del state[part]
    else:
        del state["state_dict_best"]["classifier"]["module.scales"]
    second = model(recipe, seed=2)
    with pytest.warns(UserWarning, match="first stage"):
        models.convert_checkpoint({**state, "epoch": 3}, second)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(second.head.class_scale), 1)


def test_a_stage_2_file_with_the_classifier_alone_follows_that_of_stage_1():
    first, other = (models.torch_state(model("gcl", seed=seed), "gcl") for seed in (1, 2))
    alone = {"state_dict": {"weight": other["state_dict"]["module.linear.weight"]}, "epoch": 30}
    made = models.convert_checkpoint([first, alone], model("gcl"))
    state = models.torch_state(made, "gcl")["state_dict"]
    for key, array in state.items():
        source = other if key == "module.linear.weight" else first
        np.testing.assert_array_equal(array, source["state_dict"][key])
    with pytest.raises(
        CheckpointError, match="second stage alone; give the file of the first stage before it"
    ):
        models.convert_checkpoint(alone, model("gcl"))


def test_other_names_of_parts_are_read():
    decoupling = models.torch_state(model("lws", seed=1), "decoupling")
    made = models.convert_checkpoint({"state_dict": decoupling["state_dict_best"]}, model("lws"))
    np.testing.assert_array_equal(logits(made), logits(model("lws", seed=1)))
    state = models.torch_state(model("gcl", places(), seed=1), "gcl_places")
    state["state_dict_block"] = state.pop("block_state_dict")
    assert list(state["state_dict_block"])[0] == "module.layer5.conv1.weight"
    made = models.convert_checkpoint(state, model("gcl", places()))
    np.testing.assert_array_equal(logits(made), logits(model("gcl", places(), seed=1)))
    bare = models.torch_state(model("gcl", seed=1), "gcl")["state_dict"]
    made = models.convert_checkpoint(bare, model("gcl"))
    np.testing.assert_array_equal(logits(made), logits(model("gcl", seed=1)))


def test_only_the_first_entries_of_scale_factor_are_read():
    state = models.torch_state(model("nbn", seed=1), "nbn")
    factors = state["state_dict"]["module.scale_factor"]
    assert factors.shape == (3,) and factors[1:].tolist() == [1, 1]
    state["state_dict"]["module.scale_factor"] = np.array([2.5, 7.0, np.nan, 8.0], "float32")
    made = models.convert_checkpoint(state, model("nbn"))
    assert keras.ops.convert_to_numpy(made.backbone.get_layer("magnitude").magnitude) == 2.5


def test_differences_are_listed_and_leave_the_model_as_it_was():
    state = models.torch_state(model("gcl", seed=1), "gcl")["state_dict"]
    del state["module.layer1.0.conv1.weight"], state["module.bn1.bias"]
    for number in range(6):
        state[f"module.extra{number}"] = np.zeros(1)
    state["module.linear.weight"] = state["module.linear.weight"].T
    target = model("gcl", seed=2)
    before = target.get_weights()
    with pytest.raises(CheckpointError) as raised:
        models.convert_checkpoint({"state_dict": state}, target)
    message = str(raised.value)
    assert "2 missing in the file: state_dict/bn1.bias, state_dict/layer1.0.conv1.weight" in message
    assert (
        "6 in the file without a place in the model: state_dict/extra0" in message and "and 2 more" in message
    )
    assert "1 of another shape: state_dict/linear.weight [3, 16] instead of [16, 3]" in message
    assert "\n" not in message
    for old, new in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("recipe", ["ncm", "ride", "mislas"])
def test_what_a_layout_has_no_place_for_is_named(recipe):
    state = models.torch_state(model("gcl", seed=1), "gcl")
    with pytest.raises(CheckpointError, match=r"variables of the model that nothing fills: \S*(head|expert)"):
        models.convert_checkpoint(state, model(recipe))
    with pytest.raises(CheckpointError, match="no place for everything in the model"):
        models.torch_state(model(recipe), "gcl")


def test_tensors_that_a_file_holds_twice_must_be_equal():
    state = models.torch_state(model("cross_entropy", seed=1), "fsa")
    assert state["model_state"]["feature_sub_net.0.weight"].shape == (4, 3, 3, 3)
    assert "feature_sub_net.3.0.conv1.weight" in state["model_state"]
    state["model_state"]["classifier.2.bias"] = state["model_state"]["fc.bias"] + 1
    with pytest.raises(
        CheckpointError, match="the same tensor as model_state/fc.bias and as model_state/classifier.2.bias"
    ):
        models.convert_checkpoint(state, model("cross_entropy"))


def test_nbn_that_the_published_form_does_not_compute_is_refused():
    state = models.torch_state(model("nbn", seed=1), "nbn")
    state["state_dict"]["module.layer3.0.bn2.bias"][:] = 0.01
    with pytest.raises(CheckpointError, match="bias_radius=0.1"):
        models.convert_checkpoint(state, model("nbn"))
    published = recipes.get("nbn", conversions=[{"name": "nbn", "bias_radius": 0}])
    models.convert_checkpoint(state, model(published))
    trained = model("nbn", seed=1)
    next(v for v in trained.weights if v.path.endswith("gamma_factor")).assign(2.0)
    with pytest.raises(CheckpointError, match="gamma_factor, which must be 1"):
        models.torch_state(trained, "nbn")
    raw = recipes.get("nbn", conversions=[{"name": "nbn", "normalize": False}])
    with pytest.raises(CheckpointError, match="normalize=False"):
        models.torch_state(model(raw), "nbn")


def test_bad_arguments():
    state = models.torch_state(model("gcl", seed=1), "gcl")
    with pytest.raises(ValueError, match="Received: layout='tf'"):
        models.convert_checkpoint(state, model("gcl"), layout="tf")
    with pytest.raises(CheckpointError, match="none of the known layouts .*weights: a, .."):
        models.convert_checkpoint({"weights": {"a": np.zeros(1)}}, model("gcl"))
    with pytest.raises(CheckpointError, match="holds no state dict"):
        models.convert_checkpoint({"epoch": 3, "optimizer": {"a": np.zeros(1)}}, model("gcl"))
    with pytest.raises(ValueError, match="one or more files"):
        models.convert_checkpoint([], model("gcl"))
    with pytest.raises(ValueError, match="no_entry"):
        models.convert_checkpoint(state, "no_entry")
    plain = models.build(
        keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(4)]),
        "cross_entropy",
        COUNTS,
        input_shape=(16, 16, 3),
    )
    with pytest.raises(CheckpointError, match="no blocks that this library knows"):
        models.torch_state(plain, "gcl_places")
