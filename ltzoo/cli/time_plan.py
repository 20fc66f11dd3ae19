"""Size and views of images, and epochs, with which a run on a pretrained network keeps to its time limit."""

from __future__ import annotations

import math
import time
from typing import Any

from ltzoo.cli.effort_options import DEFAULT_SECONDS
from ltzoo.cli.table_options import count_images

# Share of the limit for the features; the rest is for reading, folds and results.
SHARE = 0.6
# Views per second at 128 pixels that any computer computes. What fits at this speed is not measured.
_SLOW = 20.0
_SIZE = 128
_BATCH = 32
_STEP = 32
VIEWS = (4, 2, 1)
# A training step takes as long as four passes in inference.
_TRAINING = 4
# The fewest epochs of the whole network.
LEAST_EPOCHS = 3


def within_limit(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a run with image size, views and epochs that fit its time limit, and say so in one line.

    Views are worth more than pixels: four views at 128 pixels beat one at 224. So the size is lowered first, in steps
    of 32 pixels down to the network's least, then views are left out. Where the whole network trains after its head,
    its epochs become fewer instead.

    Args:
        arguments: arguments of a run on a folder, without an image size. Those of recipes without cached features,
            or whose conversions were set, are returned as they are.
    """
    from ltzoo.cli.data import default_image_size
    from ltzoo.cli.recipe_of_run import overrides_of, recipe_of

    recipe = recipe_of(arguments)
    averaged = [entry for entry in recipe.conversions if entry["name"] == "flip_average"]
    if not recipe.stages[0].cache_features or not averaged or "conversions" in overrides_of(arguments):
        return arguments
    limit = arguments.get("time_limit", DEFAULT_SECONDS)
    size = default_image_size(arguments["backbone"]["name"], arguments)
    images, sizes = count_images(arguments), sizes_below(arguments["backbone"]["name"], size[0])
    turned = averaged[0].get("transpose") and not arguments.get("up")
    views_of = VIEWS if turned else VIEWS[1:]
    epochs = [0 if stage.cache_features else stage.epochs for stage in recipe.stages]
    trained = _TRAINING * sum(epochs)
    if seconds(images, size[0], views_of[0] + trained, 1 / _SLOW) <= SHARE * limit:
        return {**arguments, "image_size": size}
    per_view = seconds_per_view(arguments["backbone"])
    if trained:
        return _with_epochs(arguments, recipe, images, sizes, per_view, limit)
    side, views = choose(images, sizes, per_view, SHARE * limit, views_of)
    _say(images, side, _views(views), seconds(images, side, views, per_view), limit, size[0])
    arguments = {**arguments, "image_size": [side, side]}
    if views == views_of[0]:
        return arguments
    kept = [{**entry, "transpose": False} if entry in averaged else entry for entry in recipe.conversions]
    kept = [entry for entry in kept if views > 1 or entry["name"] != "flip_average"]
    return {**arguments, "settings": [*arguments.get("settings", ()), ["conversions", kept]]}


def _with_epochs(arguments, recipe, images, sizes, per_view, limit):
    """Return the arguments with the largest size at which all epochs fit, or the least size and fewer epochs."""
    wished = [stage.epochs for stage in recipe.stages]
    number = next(index for index, stage in enumerate(recipe.stages) if not stage.cache_features)
    views = VIEWS[1]
    side, _ = choose(images, sizes, per_view, SHARE * limit, (views + _TRAINING * wished[number],))
    affordable = SHARE * limit / seconds(images, side, 1, per_view) - views
    epochs = min(wished[number], max(LEAST_EPOCHS, int(affordable / _TRAINING)))
    if "epochs" in arguments:
        epochs = wished[number]
    needed = seconds(images, side, views + _TRAINING * epochs, per_view)
    _say(images, side, f"{epochs} epochs", needed, limit, sizes[0])
    arguments = {**arguments, "image_size": [side, side]}
    if epochs == wished[number]:
        return arguments
    changed = [*wished[:number], epochs, *wished[number + 1 :]]
    return {**arguments, "epochs": [entry for entry in changed if entry]}


def choose(
    images: int, sizes: list[int], per_view: float, budget: float, views: tuple[int, ...] = VIEWS
) -> tuple[int, int]:
    """Return the largest size, then the most views, whose features fit into a budget; at worst the least of both.

    Args:
        images: number of images.
        sizes: sides in pixels, the largest first.
        per_view: seconds of one view of 128 pixels.
        budget: seconds for all features.
        views: numbers of views, the most first.
    """
    plans = [(side, views[0]) for side in sizes] + [(sizes[-1], fewer) for fewer in views[1:]]
    fitting = [plan for plan in plans if seconds(images, *plan, per_view) <= budget]
    return fitting[0] if fitting else plans[-1]


def seconds(images: int, side: int, views: int, per_view: float) -> float:
    """Return the seconds of all features, which grow with the number of pixels."""
    return images * views * per_view * (side / _SIZE) ** 2


def sizes_below(backbone: str, side: int) -> list[int]:
    """Return the sides that a network may take, from the usual one down in steps of 32 pixels."""
    from ltzoo import backbones

    usual = backbones.image_size(backbone)
    if isinstance(usual, int):
        return [side]
    return list(range(side, usual[0] - 1, -_STEP)) or [side]


def seconds_per_view(backbone: dict[str, Any]) -> float:
    """Measure the seconds of one view of 128 pixels, or of the usual size scaled to it, in batches."""
    import numpy as np

    from ltzoo import backbones

    config = {key: value for key, value in backbone.items() if key != "name"}
    usual = backbones.image_size(backbone["name"])
    side = usual if isinstance(usual, int) else _SIZE
    network = backbones.get(backbone["name"], input_shape=(side, side, 3), **config)
    images = np.zeros((_BATCH, side, side, 3), np.float32)
    network.predict_on_batch(images)  # Compiles.
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        network.predict_on_batch(images)
        spent.append(time.perf_counter() - start)
    return min(spent) / _BATCH * (_SIZE / side) ** 2


def _views(number):
    return "1 view" if number == 1 else f"{number} views"


def _say(images, side, shown, needed, limit, usual):
    from ltzoo.cli.console import echo

    smaller = f", not {usual}" if side < usual else ""
    over = "" if needed <= SHARE * limit else f", more than the time limit of {_duration(limit)} leaves"
    echo(
        f"time limit {_duration(limit)}: {images:,} images at {side} pixels{smaller}, in {shown}, take about "
        f"{_duration(needed)}{over}"
    )


def _duration(value: float) -> str:
    value = max(1, math.ceil(value))
    hours, rest = divmod(value, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if number]
    return " ".join(parts)
