"""Learning rates and averages of weights for the stages of a recipe."""

import numpy as np
import pytest

from ltzoo import recipes
from ltzoo.recipes.learning_rates import learning_rates


def peaks(recipe):
    return [
        float(learning_rates(stage.schedule, stage.epochs).max()) for stage in recipe.stages if stage.epochs
    ]


def test_one_rate_per_stage_and_one_for_all():
    before = peaks(recipes.get("gcl"))
    assert len(before) == 2
    assert peaks(recipes.get("gcl", learning_rate=(0.02, 0.003))) == pytest.approx([0.02, 0.003])
    assert peaks(recipes.get("gcl", learning_rate=0.02)) == pytest.approx(
        [0.02, before[1] * 0.02 / before[0]]
    )


def test_the_schedule_keeps_its_shape():
    for name in ("ldam", "fast", "transfer", "mislas"):
        plain = recipes.get(name)
        changed = recipes.get(name, learning_rate=[2 * peak for peak in _rates(plain)])
        for one, other in zip(plain.stages, changed.stages, strict=True):
            if one.epochs:
                np.testing.assert_allclose(
                    2 * learning_rates(one.schedule, one.epochs), learning_rates(other.schedule, other.epochs)
                )


def _rates(recipe):
    return [stage.schedule["learning_rate"] for stage in recipe.stages if stage.epochs]


@pytest.mark.parametrize(
    "wrong", [0, -0.1, float("nan"), float("inf"), "0.1", True, (0.1,), (0.1, 0.1, 0.1), (0.1, 0), ()]
)
def test_wrong_rates_are_refused(wrong):
    with pytest.raises(ValueError, match="`learning_rate` must be one positive"):
        recipes.get("gcl", learning_rate=wrong)


def test_averages_are_in_the_optimizer_of_every_stage():
    recipe = recipes.get("gcl", ema=0.99)
    assert all(
        stage.optimizer["use_ema"] and stage.optimizer["ema_momentum"] == 0.99 for stage in recipe.stages
    )
    assert recipe.stages[0].optimizer["momentum"] == recipes.get("gcl").stages[0].optimizer["momentum"]
    assert type(recipe).from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize("wrong", [0, 1, -0.5, 1.5, float("nan"), "0.9", True])
def test_wrong_averages_are_refused(wrong):
    with pytest.raises(ValueError, match="`ema` must be a number above 0 and below 1"):
        recipes.get("gcl", ema=wrong)
