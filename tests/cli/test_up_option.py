"""`--up`: images that are mirrored but not turned."""

import pytest

from ltzoo.cli import time_plan
from ltzoo.cli.recipe_of_run import recipe_of
from ltzoo.cli.run_schema import check_run
from ltzoo.cli.up_option import without_turns
from tests.cli.transfer_runs import arguments


def conversions(made):
    return {entry["name"]: entry for entry in recipe_of(made).conversions}


def test_up_leaves_turned_images_out_and_nothing_else():
    given = arguments(up=True, settings=[["batch_size", 64]])
    made = without_turns(given)
    assert conversions(made)["flip_average"] == {"name": "flip_average", "transpose": False}
    assert set(conversions(made)) == set(conversions(given))
    assert recipe_of(made).stages[0].batch_size == 64
    assert without_turns(made) == made


@pytest.mark.parametrize("up", [{}, {"up": False}])
def test_without_it_images_are_turned(up):
    assert without_turns(arguments(**up)) == arguments(**up)
    assert conversions(arguments(**up))["flip_average"]["transpose"]


def test_other_conversions_stay_set():
    made = without_turns(arguments(up=True, settings=[["conversions", [{"name": "depths"}]]]))
    assert set(conversions(made)) == {"depths"}


def test_the_time_limit_counts_two_views(wide_images, monkeypatch):
    monkeypatch.setattr(time_plan, "_SLOW", 0.001)
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: 0.1)
    sizes = [
        time_plan.within_limit(arguments(wide_images, time_limit=20.0, **up)) for up in ({}, {"up": True})
    ]
    assert sizes[0]["image_size"] == [192, 192]
    assert sizes[1]["image_size"] == [224, 224]
    one = time_plan.within_limit(arguments(wide_images, time_limit=2.0, up=True))
    assert "flip_average" not in conversions(without_turns(one))


def test_it_passes_the_schema_of_run_files():
    made = without_turns(arguments(up=True))
    data = {"name": "x", "image_shape": [8, 8, 3], "class_names": ["a", "b"], "class_counts": [5, 5]}
    run = {"format": 1, "backend": "jax", "arguments": made, "recipe": {"name": "transfer"}, "dataset": data}
    check_run(run, 1)
    with pytest.raises(ValueError, match="up"):
        check_run({**run, "arguments": {**made, "up": "yes"}}, 1)


@pytest.mark.parametrize("word", ["--up", "--no-up"])
def test_recipes_that_do_not_turn_images_refuse_it(wide_images, tmp_path, one_line, word):
    out = tmp_path / "elsewhere"
    message = one_line("train", "fast", word, "--data", wide_images, "--out", out)
    assert "for the recipe transfer" in message and f"Received: {word} for fast" in message
    assert not out.exists()
