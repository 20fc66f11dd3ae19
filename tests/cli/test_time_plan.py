"""Size and views of images within a time limit, and the options for it."""

import pytest

from ltzoo.cli import time_plan
from ltzoo.cli.options import ImageSize
from ltzoo.cli.recipe_of_run import recipe_of
from ltzoo.cli.run_schema import check_run
from tests.cli.transfer_runs import arguments


@pytest.mark.parametrize(
    ("budget", "plan"),
    [(1e9, (224, 4)), (1000, (160, 4)), (700, (128, 4)), (350, (128, 2)), (170, (128, 1)), (1, (128, 1))],
)
def test_pixels_go_before_views(budget, plan):
    assert time_plan.choose(1000, [224, 192, 160, 128], 0.16, budget) == plan


def test_what_fits_at_any_speed_is_not_measured(wide_images, monkeypatch):
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: pytest.fail("measured"))
    made = time_plan.within_limit(arguments(wide_images))
    assert made == arguments(wide_images, image_size=[224, 224])


@pytest.mark.parametrize(
    ("limit", "size", "views"), [(60.0, 224, 4), (20.0, 192, 4), (5.0, 128, 2), (2.0, 128, 1)]
)
def test_a_limit_changes_size_and_views_and_says_so(wide_images, monkeypatch, capsys, limit, size, views):
    monkeypatch.setattr(time_plan, "_SLOW", 0.001)
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: 0.1)
    made = time_plan.within_limit(arguments(wide_images, time_limit=limit))
    assert made["image_size"] == [size, size]
    conversions = {entry["name"]: entry for entry in recipe_of(made).conversions}
    assert "depths" in conversions
    expected = {
        4: {"name": "flip_average", "transpose": True},
        2: {"name": "flip_average", "transpose": False},
    }
    assert conversions.get("flip_average") == expected.get(views)
    line = capsys.readouterr().out
    assert f"10 images at {size} pixels" in line.replace("\n", " ")
    assert ("1 view," in line) == (views == 1)
    assert len(line.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("limit", "size", "epochs"),
    [(600.0, 224, 8), (300.0, 160, 8), (100.0, 128, 4), (60.0, 128, 3), (1.0, 128, 3)],
)
def test_fine_tuning_takes_fewer_pixels_then_fewer_epochs(
    wide_images, monkeypatch, capsys, limit, size, epochs
):
    monkeypatch.setattr(time_plan, "_SLOW", 0.001)
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: 0.3)
    given = arguments(wide_images, recipe="fine_tuning", time_limit=limit)
    made = time_plan.within_limit(given)
    assert made["image_size"] == [size, size]
    assert [stage.epochs for stage in recipe_of(made).stages] == [20, epochs, 0]
    line = " ".join(capsys.readouterr().out.split())
    assert f"10 images at {size} pixels" in line and f"in {epochs} epochs, take about" in line
    assert ("more than the time limit" in line) == (limit < 70)
    assert recipe_of(made).conversions == recipe_of(given).conversions


def test_epochs_that_were_given_stay(wide_images, monkeypatch):
    monkeypatch.setattr(time_plan, "_SLOW", 0.001)
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: 0.3)
    made = time_plan.within_limit(arguments(wide_images, recipe="fine_tuning", epochs=[5, 6], time_limit=1.0))
    assert made["epochs"] == [5, 6] and made["image_size"] == [128, 128]


def test_arguments_pass_the_schema_of_run_files(wide_images, monkeypatch):
    monkeypatch.setattr(time_plan, "_SLOW", 0.001)
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda backbone: 0.1)
    made = time_plan.within_limit(arguments(wide_images, time_limit=2.0))
    data = {"name": "x", "image_shape": [8, 8, 3], "class_names": ["a", "b"], "class_counts": [5, 5]}
    run = {"format": 1, "backend": "jax", "arguments": made, "recipe": {"name": "transfer"}, "dataset": data}
    check_run(run, 1)
    with pytest.raises(ValueError, match="time_limit"):
        check_run({**run, "arguments": {**made, "time_limit": 0}}, 1)


def test_other_recipes_and_own_conversions_are_left_alone(wide_images):
    own = arguments(wide_images, settings=[["conversions", []]])
    assert time_plan.within_limit(own) == own
    other = arguments(wide_images, recipe="fast")
    assert time_plan.within_limit(other) == other


def test_networks_of_one_size_keep_it():
    assert time_plan.sizes_below("efficientnet_lite1", 240) == [240]
    assert time_plan.sizes_below("efficientnet_lite0", 192) == [192, 160, 128]


def test_the_speed_is_measured():
    assert 0 < time_plan.seconds_per_view({"name": "efficientnet_lite0"}) < 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--time-limit", "10"], "90s, 10m or 1.5h"),
        (["--time-limit", "0s"], "90s, 10m or 1.5h"),
        (["--time-limit", "infm"], "90s, 10m or 1.5h"),
        (["gcl", "--time-limit", "10m"], "for the recipes transfer and fine_tuning"),
        (["--encoder", "efficientnet_lite9"], "efficientnet_lite0"),
        (["--encoder", "resnet32"], "network with pretrained weights"),
        (["--encoder", "efficientnet_lite0", "--backbone", "resnet32"], "one of them"),
    ],
)
def test_wrong_command_lines(wide_images, tmp_path, one_line, words, message):
    out = tmp_path / "elsewhere"
    assert message in one_line("train", *words, "--data", wide_images, "--out", out)
    assert not out.exists()


def test_auto_is_the_default_size():
    assert ImageSize().convert("auto", None, None) is None
    assert ImageSize().convert("64x96", None, None) == [64, 96]
