"""There is one entry for each set-up in which papers train a network, with the initial weights of released code."""

import pytest

from ltzoo import backbones, shipped
from tools.cards.paper_tables import networks
from tools.cards.trained_networks import by_setup


@pytest.fixture(scope="module")
def entries():
    return by_setup(networks())


@pytest.mark.parametrize(
    "entry, top1, epochs, batch, rate",
    [
        ("cross_entropy_resnet50_imagenet_lt", 0.446, 180, 256, 0.1),
        ("cross_entropy_resnet50_imagenet_lt_nbn90", 0.422, 90, 512, 0.2),
        ("crt_resnet50_imagenet_lt_nbn90", 0.474, 90, 512, 0.2),
        ("cross_entropy_resnext50_imagenet_lt", 0.458, 90, 512, 0.2),
        ("cross_entropy_resnext50_imagenet_lt_camc200", 0.464, 200, 256, 0.1),
        ("cross_entropy_resnet10_imagenet_lt_fsa100", 0.209, 100, 128, 0.1),
        ("cross_entropy_resnet50_inaturalist2018_nbn200", 0.652, 200, 512, 0.2),
        ("cross_entropy_resnet50_inaturalist2018_nbn90", 0.623, 90, 512, 0.2),
        ("cross_entropy_resnet50_inaturalist2018_fsa100", 0.6227, 100, 128, 0.1),
        ("crt_resnet50_inaturalist2018_nbn90", 0.652, 90, 512, 0.2),
        ("crt_resnet50_inaturalist2018_decoupling200", 0.676, 200, 512, 0.2),
    ],
)
def test_a_baseline_is_trained_as_the_table_that_prints_it(entry, top1, epochs, batch, rate):
    card = shipped.read(entry)
    stage = card["recipe"]["stages"][0]
    assert card["paper"]["top1"] == top1
    assert (stage["epochs"], stage["batch_size"], stage["schedule"]["learning_rate"]) == (epochs, batch, rate)


def test_every_figure_of_an_entry_is_of_its_set_up_or_the_same_figure(entries):
    for name, rows in entries.items():
        first = rows[0]
        for row in rows[1:]:
            same = (row.recipe, row.backbone) == (first.recipe, first.backbone)
            close = abs(row.network.result["top1"] - first.network.result["top1"]) < 0.0006
            assert same or close, (name, row.network.table)


def test_an_earlier_paper_does_not_quote_a_later_one(entries):
    """FSA (2020) prints 62.27 where NBN (2024) prints 62.3 of another training."""
    tables = [row.network.table for row in entries["cross_entropy_resnet50_inaturalist2018_nbn90"]]
    assert tables == ["NBN paper, Table VIII"]


@pytest.mark.parametrize(
    "entry, initialization",
    [
        ("nbn_linear_resnet50_imagenet_lt", "fan_out"),
        ("nbn_resnext50_imagenet_lt", "uniform"),
        ("ride4_resnext50_imagenet_lt", "fan_out"),
        ("ride4_nbn_resnext50_imagenet_lt", "fan_out"),
        ("crt_resnet10_imagenet_lt_decoupling90", "fan_out"),
        ("ncm_resnext50_imagenet_lt_decoupling90", "fan_out"),
        ("bcl_resnext50_imagenet_lt", "fan_out"),
        ("mislas_resnet50_imagenet_lt", "fan_out"),
        ("fsa_resnet10_imagenet_lt", None),
        ("gcl_resnet32_cifar10_lt", None),
    ],
)
def test_networks_start_as_in_the_released_code(entry, initialization):
    assert shipped.read(entry)["backbone"].get("initialization") == initialization


def test_tables_use_the_released_forms():
    def stages(entry):
        return shipped.read(entry)["recipe"]["stages"]

    assert stages("disalign_resnet50_imagenet_lt")[1]["batch_norm"] == "shifted"
    four = shipped.read("ride4_nbn_resnext50_imagenet_lt")["recipe"]
    assert four["head"] == {"name": "experts", "num_experts": 4, "head": {"name": "rectified"}}
    assert len(four["conversions"][1]["groups"]) == 4 and four["conversions"][1]["bias_radius"] == 0
    assert (len(four["stages"]), four["stages"][0]["epochs"], four["stages"][0]["batch_size"]) == (1, 90, 256)
    assert stages("ride_balanced_softmax_resnet32_cifar10_lt")[0]["augmentation"][1:] == [
        {"name": "auto_augment"}, {"name": "cutout", "size": 16}
    ]  # fmt: skip
    # RIDE's own figure has RIDE's own training.
    assert len(stages("ride4_resnext50_imagenet_lt")) == 3


def test_places_cards_of_camc_and_fsa_say_that_all_of_the_network_is_trained(entries):
    found = [
        name
        for name, (first, *_) in entries.items()
        if first.network.dataset == "places_lt" and first.network.setup in ("camc", "fsa")
    ]
    assert len(found) > 3
    for name in found:
        card = shipped.read(name)
        stage = card["recipe"]["stages"][0]
        assert (stage["trainable"], stage["schedule"]["learning_rate"]) == ("all", 0.1)
        assert any("all of it, at rate 0.1" in note for note in card["notes"])


def test_backbones_of_cards_are_built_with_their_initial_weights():
    made = backbones.get(
        "resnet10", input_shape=(32, 32, 3), width_multiplier=1 / 16, initialization="fan_out", seed=1
    )
    assert made.get_layer("conv1").kernel_initializer.mode == "fan_out"


def test_cards_say_whose_first_stage_they_share():
    """Three classifiers of CAMC's Table II and seven of Table III are trained on the features of one first stage."""
    notes = " ".join(shipped.read("normalized_classifier_crt_resnext50_imagenet_lt")["notes"])
    assert "also that of normalized_classifier_resnext50_imagenet_lt and 8 more" in notes
    alone = " ".join(shipped.read("mislas_resnet152_places_lt")["notes"])
    assert "crt_mixup_resnet152_places_lt" in alone
    assert "first stage" not in " ".join(shipped.read("nbn_resnext50_imagenet_lt")["notes"])
