"""The zoo's cards are what their generator gives, say what the papers print, and hold no number that no run printed."""

import json

import pytest

import ltzoo
from ltzoo import models, shipped
from ltzoo.recipes.by_dataset.published import rows as constants_file
from ltzoo.recipes.by_dataset.published import with_constants
from tools.cards import entries
from tools.cards import training_cost as counting


@pytest.fixture(scope="module")
def made():
    return entries.cards()


def test_every_card_is_up_to_date(made):
    for name, text in entries.files().items():
        current = (shipped.folder() / name).read_text(encoding="utf-8")
        assert current == text, f"{name} differs from the tables; write it again: python -m tools.cards"
    # What is in no table was trained by this library.
    for name in set(shipped.names()) - set(made):
        assert models.card(name).weights is not None


def test_the_table_has_every_entry_without_weights_in_order():
    lines = (shipped.folder() / shipped.PAPERS).read_text(encoding="utf-8").splitlines()
    listed = [json.loads(line)["name"] for line in lines]
    assert listed == sorted(name for name in shipped.names() if shipped.read(name)["weights"] is None)


def test_numbers_of_runs_come_with_the_run():
    for name in shipped.names():
        card = shipped.read(name)
        assert (card["measured"] is None) == (card["training"] is None)
        if card["weights"] is not None:
            assert card["training"]["command"] and (shipped.folder() / f"{name}.golden.npz").is_file()


@pytest.mark.parametrize(
    "entry, top1, table",
    [
        ("gcl_resnet32_cifar10_lt", 0.8268, "GCL paper, Table 1"),
        ("gcl_resnet32_cifar100_lt_if200", 0.4488, "GCL paper, Table 1"),
        ("gcl_resnet50_imagenet_lt", 0.5488, "GCL paper, Table 2"),
        ("mislas_resnet32_cifar10_lt_if50", 0.858, "MiSLAS paper, Table 3"),
        ("mislas_resnet152_places_lt", 0.404, "MiSLAS paper, Table 8"),
        ("nbn_balanced_softmax_resnet32_cifar10_lt", 0.841, "NBN paper, Table I"),
        ("ride_nbn_resnet32x4_cifar100_lt_if50", 0.622, "NBN paper, Table I"),
        ("bcl_nbn_resnext50_imagenet_lt", 0.577, "NBN paper, Table II"),
        ("camc_plus_plus_resnext152_imagenet_lt", 0.585, "CAMC paper, Table IV"),
        ("camc_resnet32_cifar100_lt_if20", 0.561, "CAMC paper, Table V"),
        ("fsa_resnet18_cifar10_lt", 0.8057, "FSA paper, Table 1"),
        ("fsa_resnet101_inaturalist2018", 0.6839, "FSA paper, Table 4"),
    ],
)
def test_results_of_the_papers(made, entry, top1, table):
    assert (made[entry].paper["top1"], made[entry].paper["table"]) == (top1, table)


def test_other_tables_of_the_same_network_are_there_too(made):
    also = made["mislas_resnet32_cifar10_lt"].paper["also"]
    assert also == [{"top1": 0.8206, "table": "GCL paper, Table 1"}]
    assert {"few", "medium", "many"} < set(made["mislas_resnet50_imagenet_lt"].paper)


def test_counts_are_those_of_the_data_sets(made):
    for entry, classes, images, largest, smallest in (
        ("gcl_resnet50_imagenet_lt", 1000, 115_846, 1280, 5),
        ("gcl_resnet152_places_lt", 365, 62_500, 4980, 5),
        ("gcl_resnet50_inaturalist2018", 8142, 437_513, 1000, 2),
        ("gcl_resnet32_cifar10_lt", 10, 12_406, 5000, 50),
        ("gcl_resnet32_cifar100_lt_if200", 100, 9_502, 500, 2),
    ):
        counts = made[entry].class_counts
        assert (len(counts), sum(counts), max(counts), min(counts)) == (classes, images, largest, smallest)
        assert len(set(made[entry].class_names)) == classes


def test_set_ups_differ_by_data_set(made):
    def first(entry):
        return made[entry].recipe["stages"][0]

    photographs = first("mislas_resnet50_imagenet_lt")
    assert (photographs["epochs"], photographs["batch_size"]) == (180, 256)
    assert first("mislas_resnet50_inaturalist2018")["optimizer"]["l2"] == 1e-4
    assert first("nbn_resnet32_cifar10_lt")["epochs"] == 520
    smoothing = made["mislas_resnet32_cifar100_lt"].recipe["stages"][1]["loss"]
    assert (smoothing["smooth_head"], smoothing["smooth_tail"]) == (0.4, 0.1)
    assert made["camc_resnet32_cifar10_lt_if50"].recipe["stages"][1]["head"]["threshold"] == 1000
    places = made["gcl_resnet152_places_lt"]
    assert places.starts_from == "imagenet" and places.backbone["name"] == "resnet152"
    assert first("gcl_resnet152_places_lt")["trainable"] == ["stage4_block2_*"]


def test_multiply_adds_are_counted(made):
    layers = counting._count({"name": "resnet32"}, [], (32, 32, 3))
    assert (
        sum(macs for _, macs, _ in layers) == counting.forward_macs({"name": "resnet32"}, [], (32, 32, 3))[0]
    )
    # Known of these networks: 4.1 and 11.5 billion at 224 x 224, 69 million at 32 x 32.
    assert abs(made["gcl_resnet50_imagenet_lt"].cost["gmacs"] - 4.1) < 0.05
    assert abs(made["crt_resnet152_imagenet_lt"].cost["gmacs"] - 11.5) < 0.05
    cost = made["gcl_resnet32_cifar10_lt"].cost
    assert cost["images"] == 210 * 12_406
    expected = 12_406 * 68_861_952 * (200 * 6 + 10 * 2) / 1e15
    assert abs(cost["training_pflops"] / expected - 1) < 1e-3


def test_gradients_count_where_they_are_computed():
    network = {"name": "fastnet", "widths": [4]}
    whiten, first, second = 49 * 4 * 3 * 24, 49 * 9 * 24 * 4, 9 * 9 * 4 * 4
    recipe = ltzoo.recipes.get("fast", epochs=(2,), optimizer={"name": "sgd"}).to_dict()
    cost = counting.cost(recipe, network, (8, 8, 3), [5, 5])
    passes = 2 * (whiten + first + second) + 2 * (first + second) + 2 * second
    assert abs(cost["training_pflops"] * 1e15 / (20 * passes) - 1) < 1e-3
    assert cost["gmacs"] == round(2 * (whiten + first + second) / 1e9, 4)  # an image and its mirror image
    shifted = {**recipe, "conversions": [{"name": "flip_average", "shift": 1}]}
    cost = counting.cost(shifted, network, (8, 8, 3), [5, 5])
    assert cost["gmacs"] == round(4 * (whiten + first + second) / 1e9, 4)


def test_the_matrix_products_of_orthogonal_steps_count():
    network = {"name": "fastnet", "widths": [4]}
    optimizer = {"name": "orthogonal_sgd", "newton_schulz_steps": 2}
    plain = ltzoo.recipes.get("fast", epochs=(3,), batch_size=5, optimizer={"name": "sgd"})
    stepping = ltzoo.recipes.get("fast", epochs=(3,), batch_size=5, optimizer=optimizer)
    costs = [
        counting.cost(recipe.to_dict(), network, (8, 8, 3), [10_000, 10_000])["training_pflops"]
        for recipe in (plain, stepping)
    ]
    # Two kernels train, of 9 * 24 and 9 * 4 by 4: two products with the long side and one without a step.
    iteration = 2 * 4 * 4 * (9 * 24 + 9 * 4) + 2 * 4**3
    steps = 3 * 20_000 / 5
    assert abs((costs[1] - costs[0]) * 1e15 / (steps * 2 * 2 * iteration) - 1) < 0.02


def test_pairs_of_which_one_image_is_made_count_once():
    network = {"name": "fastnet", "widths": [4]}

    def images(name):
        recipe = ltzoo.recipes.get(name, epochs=(3, 1) if name == "cmo" else (4,)).to_dict()
        return counting.cost(recipe, network, (8, 8, 3), [5, 5])["images"]

    assert (images("cmo"), images("bbn")) == (4 * 10, 2 * 4 * 10)


@pytest.mark.parametrize("ask, asked", [("all", 2), ("one", 1)])
def test_teachers_count_when_they_are_asked(ask, asked):
    network, teacher = {"name": "fastnet", "widths": [4]}, models.card("best_fastnet_cifar10_lt")
    stage = {"name": "distillation", "teachers": [teacher.name] * 2, "ask": ask}
    plain = ltzoo.recipes.get("cross_entropy", epochs=(3,))
    taught = ltzoo.recipes.get("cross_entropy", epochs=(3,), technique=stage)
    costs = [
        counting.cost(recipe.to_dict(), network, (32, 32, 3), [5, 5])["training_pflops"]
        for recipe in (plain, taught)
    ]
    macs = counting.forward_macs(teacher.backbone, teacher.recipe["conversions"], (32, 32, 3))[0]
    assert abs((costs[1] - costs[0]) * 1e15 / (30 * 2 * asked * macs) - 1) < 1e-3


def test_cards_that_cannot_be_completed_are_refused():
    card = shipped.read("gcl_resnet50_imagenet_lt")
    card |= {"dataset": {"name": "unknown_lt"}, "class_counts": None}
    with pytest.raises(ValueError, match="class_counts=null"):
        models.Card.from_json(json.dumps(card))


def test_no_card_of_photographs_has_a_constant_of_cifar(made):
    """Losses, techniques and heads are those published for the dataset, where a recipe has constants for it."""
    known = {name for row in constants_file() for name in row["recipes"]}
    checked = set()
    for card in made.values():
        name, dataset = card.recipe["name"], card.dataset["name"]
        if name not in known or dataset.startswith("cifar") or card.paper is None or name == "camc":
            continue
        expected = with_constants(name, dataset).to_dict()["stages"]
        for stage, right in zip(card.recipe["stages"], expected, strict=True):
            for field in ("loss", "technique", "head"):
                assert stage[field] == right[field], (card.name, field)
        checked.add(name)
    assert checked >= {"bcl", "paco", "mislas"}
