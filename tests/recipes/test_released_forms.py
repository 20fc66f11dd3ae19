"""Recipes that released code trains otherwise than the paper says: what differs, and what the code's own rates are."""

import numpy as np
import pytest

from ltzoo import recipes
from ltzoo.layers.prototypes import tail_threshold
from ltzoo.recipes.by_dataset.published import counts
from ltzoo.training import learning_rates


@pytest.mark.parametrize("epochs", [200, 40])
def test_bbn_has_the_rates_of_its_released_schedule(epochs):
    """Epoch t, counted from 1: 0.1 (1/3 + 2/3 t/5) for t < 5, x0.01 from 3/5 and again from 4/5 of the epochs on."""
    stage = recipes.get("bbn", epochs=epochs).stages[0]
    number = np.arange(1, epochs + 1)
    warm = np.minimum(1.0, 1 / 3 + 2 / 3 * number / 5)
    steps = np.digitize(number, [0.6 * epochs, 0.8 * epochs])
    np.testing.assert_allclose(learning_rates(stage.schedule, stage.epochs), 0.1 * warm * 0.01**steps)


@pytest.mark.parametrize("epochs", [1, 2, 7])
def test_bbn_has_no_warmup_in_short_runs(epochs):
    stage = recipes.get("bbn", epochs=epochs).stages[0]
    assert learning_rates(stage.schedule, epochs)[0] in (0.1, 0.1 * 0.01, 0.1 * 1e-4)


def test_disalign_as_released_moves_the_statistics_of_its_frozen_network():
    paper, released = (recipes.get(name) for name in ("disalign", "disalign_published"))
    assert [stage.batch_norm for stage in paper.stages] == ["train", "frozen"]
    assert [stage.batch_norm for stage in released.stages] == ["train", "shifted"]
    assert all(made.stages[1].trainable == "head" for made in (paper, released))
    assert "disalign_published" in (recipes.get("disalign").name, released.name)


def test_the_normalized_layer_of_seesaw_has_temperature_20():
    made = recipes.get("seesaw_normalized")
    assert made.head == {"name": "normalized_dense"} and made.stages[0].scale == 20.0
    assert made.stages[0].loss == recipes.get("seesaw").stages[0].loss


def test_tail_classes_have_less_than_tau_images():
    """The numbers of classes that the docstring of `tail_threshold` gives."""
    images = np.asarray(counts("imagenet_lt"))
    assert ((images < 100).sum(), (images < 101).sum()) == (609, 615)
    for number in ("609", "615", "101"):
        assert number in tail_threshold.__doc__
    found = {factor: int((np.asarray(counts("cifar10_lt", factor)) < tau).sum()) for factor, tau in (
        (10, 1000), (20, 1000), (50, 1000), (100, 200), (200, 200))}  # fmt: skip
    assert found == {10: 3, 20: 5, 50: 6, 100: 3, 200: 4}


@pytest.mark.parametrize("where", ["sampler", "companion"])
def test_what_the_training_sets_is_refused_in_a_sampler(where):
    wrong = {"strategy": "instance_balanced", "drop_remainder": True}
    sampler = wrong if where == "sampler" else {"strategy": "instance_balanced", "companion": wrong}
    with pytest.raises(ValueError, match=r"no argument `drop_remainder`.* Received: drop_remainder=True"):
        recipes.get("cross_entropy", sampler=sampler)
