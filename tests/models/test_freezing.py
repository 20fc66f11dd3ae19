"""Patterns of layer names that match nothing, or are no patterns, are refused at once."""

import dataclasses

import pytest

from tests import tiny


@pytest.mark.parametrize("which", [["nope*"], [], "nope", None, 3, [3], [["block0*"]]])
def test_a_refused_choice_leaves_the_model_unchanged(which):
    model = tiny.model("gcl")
    model.set_trainable(["block1*"])
    before = [variable.path for variable in model.trainable_variables]
    with pytest.raises(ValueError, match="`trainable` must"):
        model.set_trainable(which)
    assert model.trains == ("block1*",)
    assert [variable.path for variable in model.trainable_variables] == before


def test_patterns_of_a_later_stage_are_refused_before_the_first():
    recipe = tiny.recipe("gcl")
    first, second = recipe.stages
    stages = (first, dataclasses.replace(second, trainable=["nope*"]))
    model = tiny.model(dataclasses.replace(recipe, stages=stages))
    before = tiny.weights(model)
    with pytest.raises(ValueError, match=r"Received: trainable=\['nope\*'\]"):
        model.fit(tiny.dataset(), verbose=0)
    assert all((a == b).all() for a, b in zip(before, tiny.weights(model), strict=True))
