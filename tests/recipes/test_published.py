"""Constants by dataset: what was published for a dataset, and what is scaled to other data."""

import types

import numpy as np
import pytest

from ltzoo import recipes
from ltzoo.recipes.by_dataset.published import DATASETS, constants, counts
from ltzoo.training import learning_rates


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_recipe_has_a_valid_form_on_every_dataset(name, dataset):
    made = recipes.published(name, dataset)
    assert made.name == recipes.get(name).name
    assert len(made.stages) == len(recipes.get(name).stages)
    for stage in made.stages:
        if stage.epochs:
            assert np.isfinite(learning_rates(stage.schedule, stage.epochs)).all()


def test_mislas_smooths_by_dataset():
    """Table 5 of the paper: smoothing of the most and the least frequent class."""
    for dataset, expected in {
        "cifar10_lt": (0.3, 0.0, 0.5), "cifar100_lt": (0.4, 0.1, 0.2), "imagenet_lt": (0.4, 0.1, 0.05),
    }.items():  # fmt: skip
        stage = recipes.published("mislas", dataset).stages[1]
        multipliers = stage.optimizer["learning_rate_multipliers"]
        found = (
            stage.loss.get("smooth_head", 0.3),
            stage.loss.get("smooth_tail", 0.0),
            multipliers["*shift"],
        )
        assert found == expected


@pytest.mark.parametrize(
    "dataset, factor, threshold",
    [
        ("cifar10_lt", 50, 1000),
        ("cifar10_lt", 100, 200),
        ("cifar100_lt", 100, 100),
        ("imagenet_lt", None, 100),
    ],
)
def test_camc_calibrates_below_the_published_tau(dataset, factor, threshold):
    assert recipes.published("camc", dataset, factor).stages[1].head["threshold"] == threshold


@pytest.mark.parametrize(
    "dataset, factor, alpha, penalty",
    [
        ("cifar100_lt", 100, 0.1, 0.01),
        ("cifar100_lt", 10, 0.1, 0.1),
        ("imagenet_lt", None, 0.05, 0.5),
        ("places_lt", None, 0.005, 0.1),
        ("inaturalist2018", None, 0.05, 0.5),
    ],
)
def test_lade_penalizes_by_dataset(dataset, factor, alpha, penalty):
    loss = recipes.published("lade", dataset, factor).stages[0].loss
    assert (loss["alpha"], loss["penalty"], loss["importance"]) == (alpha, penalty, "class")


def test_contrastive_methods_have_their_own_setups_on_photographs():
    bcl, paco = (recipes.published(name, "imagenet_lt").stages[0] for name in ("bcl", "paco"))
    assert (bcl.epochs, bcl.batch_size, bcl.schedule["learning_rate"], bcl.optimizer["l2"]) == (
        90,
        256,
        0.1,
        5e-4,
    )
    assert bcl.technique == {
        "name": "balanced_contrastive", "views": 3, "classification_weight": 1.0, "contrastive_weight": 0.35,
        "temperature": 0.07, "hidden_units": None, "units": 1024,
    }  # fmt: skip
    assert (paco.epochs, paco.batch_size, paco.schedule["learning_rate"]) == (400, 128, 0.02)
    assert paco.schedule["warmup_epochs"] == 10
    technique = paco.technique
    found = [technique[key] for key in ("alpha", "temperature", "queue_size", "units")]
    assert found == [0.05, 0.07, 8192, 128]
    assert recipes.published("paco", "inaturalist2018").stages[0].technique["temperature"] == 0.2


def test_ride_is_another_on_photographs():
    """100 epochs, x0.1 at 60 and 80, re-weighting from 80 on; the router keeps its batch and its weight decay."""
    first, second, router = recipes.published("ride", "imagenet_lt").stages
    assert (first.epochs, second.epochs, router.epochs) == (80, 20, 5)
    rates = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in (first, second)])
    np.testing.assert_allclose(rates[5:], np.repeat([0.1, 0.01, 0.001], [55, 20, 20]))
    assert [stage.technique["diversity_factor"] for stage in (first, second)] == [-0.2, -0.2]
    assert (second.technique["reweight_factor"], router.head["top_choices"]) == (0.02, 50)
    assert (router.batch_size, router.optimizer["l2"], first.optimizer["l2"]) == (512, 5e-4, 2e-4)


def test_effective_numbers_fit_the_sizes_of_classes():
    for name in ("class_balanced_softmax", "class_balanced_focal", "class_balanced_sigmoid"):
        betas = [recipes.published(name, f"cifar{n}_lt").stages[0].loss["beta"] for n in (10, 100)]
        assert betas == [0.9999, 0.9]


def test_nbn_trains_for_a_number_of_steps_on_cifar():
    for factor, epochs in ((100, 520), (10, 325)):
        assert sum(counts("cifar10_lt", factor)) == {100: 12406, 10: 20431}[factor]
        assert recipes.published("nbn", "cifar10_lt", factor).stages[0].epochs == epochs
    assert recipes.published("nbn", "cifar10_lt", 100) == recipes.get("nbn")


def test_recipes_on_cifar_10_are_what_they_are_by_name():
    different = {
        name for name in recipes.names() if recipes.published(name, "cifar10_lt") != recipes.get(name)
    }
    assert different == {"camc", "camc_plus_plus"}


def test_other_epochs_stretch_the_published_schedule():
    made = recipes.published("gcl", "imagenet_lt", None, epochs=(9, 1))
    assert made.stages[0].schedule["milestones"] == [6, 8]
    assert [stage.epochs for stage in made.stages] == [9, 1]
    assert recipes.published("gcl", "imagenet_lt", None, batch_size=64).stages[0].batch_size == 64


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("gcl", "cifar10"), "cifar10_lt"),
        (("gcl", "imagenet_lt", 100), "None for imagenet_lt"),
        (("gcl", "cifar10_lt", 0.5), "at least 1"),
        (("gl", "cifar10_lt"), "gcl"),
    ],
)
def test_wrong_names_and_factors_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        recipes.published(*arguments)


def test_constants_name_their_source():
    assert constants("mislas", "cifar100_lt").source == "MiSLAS, Table 5"
    assert constants("cross_entropy", "cifar100_lt") is None


def _data(class_counts, side=32):
    return types.SimpleNamespace(
        num_classes=len(class_counts),
        class_counts=np.asarray(class_counts),
        image_shape=(side, side, 3),
        train=range(sum(class_counts)),
    )


def test_constants_are_scaled_to_other_data():
    made, said = recipes.scaled("gcl", _data([500, 100, 20]))
    first = made.stages[0]
    assert first.batch_size == 32  # 128 would leave 4 steps an epoch
    assert first.schedule["learning_rate"] == pytest.approx(0.1 / 4)
    assert first.epochs == 400 and first.schedule["milestones"] == [320, 360]
    assert said == (
        "constants of cifar10_lt at imbalance factor 50, the most similar dataset of the papers, scaled to 620 images: "
        "batch 32, rate 0.025, 400 epochs"
    )
    assert made.stages[1].epochs == 20


def test_large_images_take_the_constants_of_photographs_and_long_epochs_are_fewer():
    made, said = recipes.scaled("mislas", _data([1000] * 400, side=128))
    first = made.stages[0]
    assert "imagenet_lt" in said
    assert (first.batch_size, first.schedule["learning_rate"]) == (256, 0.1)
    assert first.epochs == round(180 * 115_846 / 400_000)
    assert recipes.scaled("mislas", _data([50] * 4000, side=128))[1].startswith(
        "constants of inaturalist2018"
    )


def test_thresholds_of_class_counts_keep_their_quantile():
    published = recipes.published("camc", "cifar10_lt", 100)
    share = np.mean(np.asarray(counts("cifar10_lt", 100)) <= published.stages[1].head["threshold"])
    made, _ = recipes.scaled("camc", _data([100, 80, 60, 40, 20, 10, 5, 3, 2, 1]))
    data = np.asarray([100, 80, 60, 40, 20, 10, 5, 3, 2, 1])
    assert np.mean(data <= made.stages[1].head["threshold"]) == share


def test_what_is_given_is_not_scaled_and_own_recipes_stay():
    made, _ = recipes.scaled("gcl", _data([500, 100, 20]), epochs=(4, 1), batch_size=16)
    assert [stage.epochs for stage in made.stages] == [4, 1]
    assert {stage.batch_size for stage in made.stages} == {16}
    assert made.stages[0].schedule["learning_rate"] == pytest.approx(0.1)
    assert recipes.scaled("fast", _data([500, 100, 20])) == (recipes.get("fast"), None)
