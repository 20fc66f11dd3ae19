"""The conversions "lora" and "adapters": nothing changes at first, the right layers are found, files keep it all."""

import fnmatch

import keras
import numpy as np
import pytest

from ltzoo.backbones import LightlyTuned
from ltzoo.backbones.conversions import convert
from ltzoo.backbones.conversions.lora import attention_patterns
from tests import tiny, tiny_vit

IMAGES = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
MLPS = ["adapter_block0_dense2", "adapter_block1_dense2"]
ATTENTION = [f"lora_block{i}_attention_{part}" for i in (0, 1) for part in ("query", "value")]


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def encoder():
    return tiny_vit.tiny_vit((8, 8, 1))


def shake(model, seed=1):
    """Gives every addition random values."""
    generator = np.random.default_rng(seed)
    for addition in model.additions:
        addition.set_weights([generator.normal(size=value.shape) for value in addition.get_weights()])


@pytest.mark.parametrize(
    "config, names",
    [
        ({"name": "lora", "rank": 2}, ATTENTION),
        ({"name": "adapters", "num_classes": 16}, MLPS),
        ({"name": "adapters", "patterns": ["patches"], "rank": 1}, ["adapter_patches"]),
    ],
)
def test_nothing_changes_before_training_and_files_keep_what_is_added(config, names, tmp_path):
    trunk = encoder()
    expected, before = numpy(trunk(IMAGES)), [numpy(variable) for variable in trunk.variables]
    model = convert(trunk, [config])
    assert isinstance(model, LightlyTuned) and [addition.name for addition in model.additions] == names
    np.testing.assert_allclose(numpy(model(IMAGES)), expected, rtol=1e-5, atol=1e-6)
    shake(model)
    changed = numpy(model(IMAGES))
    assert np.abs(changed - expected).max() > 1e-3
    # The network that was converted is left as it is, and the copy's own weights are its weights.
    np.testing.assert_array_equal(numpy(trunk(IMAGES)), expected)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(again(IMAGES)), changed, rtol=1e-5, atol=1e-6)
    for tuned in (model, again):
        assert all((numpy(a) == b).all() for a, b in zip(tuned.backbone.variables, before, strict=True))
    assert [addition.name for addition in again.additions] == names


def test_lora_is_a_change_of_the_kernels():
    trunk = encoder()
    model = convert(trunk, [{"name": "lora", "rank": 2, "alpha": 3.0, "patterns": ["*_dense1", "*query"]}])
    shake(model)
    tuned = numpy(model(IMAGES))
    for addition in model.additions:
        a, b = (numpy(variable) for variable in (addition.kernel, addition.up_kernel))
        block = addition.name.split("_")[1]
        layer = trunk.get_layer(f"{block}_dense1")
        if "query" in addition.name:
            layer = trunk.get_layer(f"{block}_attention")._query_dense
        layer.kernel.assign(numpy(layer.kernel) + 1.5 * np.tensordot(a, b, 1))
    np.testing.assert_allclose(numpy(trunk(IMAGES)), tuned, rtol=1e-3, atol=1e-4)


def test_an_adapter_reads_what_the_mlp_reads():
    trunk = encoder()
    model = convert(trunk, [{"name": "adapters", "rank": 2}])
    shake(model)
    inner = keras.Model(
        trunk.inputs,
        [trunk.get_layer(name).output for name in ("block0_norm2", "block0_dense2", "block0_add1")],
    )
    normalized, mlp, residual = inner(IMAGES)
    expected = numpy(residual) + numpy(mlp) + numpy(model.additions[0](normalized))
    found = keras.Model(model.backbone.inputs, model.backbone.get_layer("block0_add2").output)(IMAGES)
    np.testing.assert_allclose(numpy(found), expected, rtol=1e-4, atol=1e-4)


def test_both_together_survive_a_file(tmp_path):
    model = convert(encoder(), [{"name": "lora"}, {"name": "adapters", "rank": 1}])
    shake(model)
    shake(model.backbone)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(again(IMAGES)), numpy(model(IMAGES)), rtol=1e-5, atol=1e-6)
    assert [addition.name for addition in again.additions] == MLPS
    assert [addition.name for addition in again.backbone.additions] == ATTENTION


def test_the_size_of_the_bottleneck_follows_the_classes():
    sizes = {
        classes: convert(encoder(), [{"name": "adapters"}], num_classes=classes).additions[0].rank
        for classes in (2, 100, 1000)
    }
    assert sizes == {2: 1, 100: 16, 1000: 128}  # 2 ** floor(log2(C / 4)) for two branches
    with pytest.raises(ValueError, match="rank=None"):
        convert(encoder(), [{"name": "adapters"}])


def test_convolutions_get_branches_in_a_network_without_mlps():
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    trunk = tiny.tiny_cnn((8, 8, 1))
    model = convert(trunk, [{"name": "adapters", "rank": 2}])
    assert [addition.name for addition in model.additions] == ["adapter_block0_conv", "adapter_block1_conv"]
    np.testing.assert_allclose(numpy(model(images)), numpy(trunk(images)), rtol=1e-5, atol=1e-6)
    assert model.output_shape == trunk.output_shape


def test_depthwise_and_separable_convolutions_get_branches_too():
    images = inputs = keras.Input((8, 8, 3))
    for kind, arguments in (
        (keras.layers.DepthwiseConv2D, {"depth_multiplier": 2}),
        (keras.layers.SeparableConv2D, {"filters": 4}),
        (keras.layers.Conv2D, {"filters": 4, "groups": 2, "activation": "relu"}),
    ):
        images = kind(kernel_size=3, padding="same", strides=1, name=kind.__name__, **arguments)(images)
    trunk = keras.Model(inputs, images)
    model = convert(trunk, [{"name": "adapters", "rank": 2}])
    assert [addition.units for addition in model.additions] == [6, 4, 4]
    photos = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(numpy(model(photos)), numpy(trunk(photos)), rtol=1e-5, atol=1e-6)
    shake(model)
    assert numpy(model(photos)).min() >= 0  # Added before the activation.


def test_the_seed_gives_the_draws():
    def kernels(seed):
        model = convert(encoder(), [{"name": "lora", "rank": 2}], seed=seed)
        return [numpy(addition.kernel) for addition in model.additions]

    first = kernels(1)
    assert all((a == b).all() for a, b in zip(first, kernels(1), strict=True))
    assert (first[0] != kernels(2)[0]).any() and (first[0] != first[1]).any()


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="must each match a layer.*block0_attention/query"):
        convert(encoder(), [{"name": "lora", "patterns": ["nothing"]}])
    with pytest.raises(ValueError, match="`patterns` must be a list with a string each"):
        convert(encoder(), [{"name": "lora", "patterns": "*query"}])
    with pytest.raises(ValueError, match="neither MLPs nor convolutions"):
        convert(tiny_vit.tokens(expand=1), [{"name": "adapters", "rank": 1}])
    plain = keras.Model(*(keras.Input((8, 8, 1)),) * 2)
    with pytest.raises(ValueError, match="functional"):
        convert(convert(tiny.tiny_cnn((8, 8, 1)), [{"name": "adapters", "rank": 1}]), [{"name": "nbn"}])
    with pytest.raises(ValueError, match="neither"):
        convert(plain, [{"name": "adapters", "rank": 1}])


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("query", "key", "value", "output"), ("query", "value")),  # ViT, DeiT, DINOv2, MiT, CaiT
        (("q_proj", "k_proj", "v_proj", "o_proj"), ("q_proj", "v_proj")),  # DINOv3
        (("query_proj", "key_proj", "value_proj", "out_proj"), ("query_proj", "value_proj")),  # CLIP, SigLIP
        (("to_q", "to_k", "to_v", "to_out"), ("to_q", "to_v")),
        (("query_dense", "key_dense", "value_dense", "dense"), ("query_dense", "value_dense")),
        (("attention_qkv", "attention_output"), ("attention_qkv",)),  # SAM
        (("in_proj", "out_proj"), ("in_proj",)),
        (("qkv", "proj"), ("qkv",)),
    ],
)
def test_lora_finds_attention_under_any_usual_name(names, chosen):
    others = ["patches/projection", "equivalent", "block0/mlp/up_proj", "block0/mlp/dense_2"]
    paths = [*others, *(f"block{block}/attention[0]/{name}" for block in (0, 1) for name in names)]
    patterns = attention_patterns(paths)
    matching = [path for path in paths if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)]
    assert matching == [path for path in paths if path.rpartition("/")[2] in chosen]


def test_lora_finds_layers_that_have_a_name_only_as_an_attribute():
    paths = [
        "block/attention/dense_3",
        "block/attention/dense_4",
        "block/attention/dense_5",
        "block/mlp/dense_6",
    ]
    assert attention_patterns(paths, ["q", "k", "v", "fc1"]) == [paths[0], paths[2]]
    assert attention_patterns(paths[:2], ["qkv", "proj"]) == [paths[0]]


def test_lora_names_what_it_looked_for():
    backbone = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="plain")])
    with pytest.raises(ValueError, match="query"):
        convert(backbone, [{"name": "lora"}])
