"""Estimate how long a run will take, before it begins: the speed of its network times the work of its stages."""

from __future__ import annotations

from typing import Any, NamedTuple

from ltzoo.cli import time_plan
from ltzoo.cli.effort_options import DEFAULT_SECONDS
from ltzoo.cli.estimate import plan_of
from ltzoo.cli.recipe_of_run import recipe_of

# Loading Keras, compiling, saving and the report.
_START_SECONDS = 20.0
# Rough time of the classifiers of 'transfer' per image, with its five folds.
_HEAD_SECONDS = 0.005
_SIZE = 128


class Expected(NamedTuple):
    """The expected time of a run, and the images that it has.

    Attributes:
        seconds: in all.
        image_size: side of the images, in pixels.
        views: views of each image.
    """

    seconds: float
    image_size: int
    views: int


def expected_time(
    recipe_name: str, arguments: dict[str, Any], dataset: Any, reading: float, per_view: float | None = None
) -> Expected:
    """Estimate the time of a recipe with its usual network.

    Args:
        recipe_name: name of the recipe.
        arguments: "data" and what else names the images, and "time_limit" if it was given.
        dataset: its dataset.
        reading: seconds that reading an image takes.
        per_view: seconds of one image of 128 pixels in the network; None measures it, which loads Keras.
    """
    from ltzoo import recipes
    from ltzoo.cli.data import default_image_size

    network = recipes.default_network(recipe_name)
    recipe = recipe_of({**arguments, "recipe": recipe_name})
    per_view = time_plan.seconds_per_view(network) if per_view is None else per_view
    images = sum(len(split) for split in dataset.splits().values())
    side, views, head = default_image_size(network["name"], arguments)[0], 1, 0.0
    if recipe.stages[0].cache_features:
        limit = arguments.get("time_limit", DEFAULT_SECONDS)
        sizes = time_plan.sizes_below(network["name"], side)
        side, views = time_plan.choose(images, sizes, per_view, time_plan.SHARE * limit)
        head = _HEAD_SECONDS * images
    plan = plan_of(recipe, dataset, 0)
    passes = sum(stage.epochs * (stage.train * stage.weight + stage.held_out) for stage in plan)
    passes += views * max((stage.features for stage in plan), default=0)
    passes += views * (0 if dataset.test is None else len(dataset.test))
    seconds = _START_SECONDS + head + images * reading + passes * per_view * (side / _SIZE) ** 2
    return Expected(seconds, side, views)
