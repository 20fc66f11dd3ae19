"""Notes before a training on a folder: what its images and its start suggest to change."""

import math
import os
import shlex
from collections.abc import Mapping
from typing import Any

from ltzoo import shipped
from ltzoo.backbones.random_start import starts_random
from ltzoo.cli.options import SCRATCH
from ltzoo.cli.table_options import shorter_sides
from ltzoo.data.auditing.quick import quick_look
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.gray import gray_in_color
from ltzoo.recipes.choosing import MANY_IMAGES

# Photographs shrunk by more than this lose what they show.
LARGEST_SHRINKAGE = 4
_LARGEST_SUGGESTION = 384
_STEP = 32
_PRETRAINED = "the recipe 'transfer'"


def training_notes(arguments: Mapping[str, Any], dataset: LongTailedDataset) -> list[str]:
    """Return one sentence for each of: images that are not cropped, gray images as RGB, photographs shrunk a lot,
    random weights for few images, tiny classes, images that are in two splits or classes, and groups.

    Only folders of images are judged: named datasets are trained as in the papers.

    Args:
        arguments: the arguments of the run.
        dataset: its dataset.
    """
    if not os.path.isabs(arguments.get("data", "")):
        return []
    return [
        *_fit(arguments, dataset),
        *_gray(arguments, dataset),
        *_shrunk(arguments, dataset),
        *_random_weights(arguments, dataset),
        *_quick_look(arguments, dataset),
    ]


def _quick_look(arguments, dataset):
    if arguments.get("fold", 1) != 1:  # The folds have the same images.
        return []
    try:
        found = quick_look(dataset)
    except Exception as error:  # It must not stop the run.
        return [f"the images could not be looked at for duplicates: {type(error).__name__}: {error}"]
    if found:
        found[-1] += f"; '{_check_command(arguments)}' looks at all images and shows them"
    return found


def _check_command(arguments):
    words = ["ltzoo", "check", arguments["data"]]
    for key in ("image_root", "image_column", "label_column", "split_column"):
        if arguments.get(key) is not None:
            words += [f"--{key.replace('_', '-')}", str(arguments[key])]
    return shlex.join([*words, "--out", "check.html"])


def _fit(arguments, dataset):
    if arguments.get("fit") in (None, "crop"):
        return []
    height, width = dataset.image_shape[:2]
    how = "squashed" if arguments["fit"] == "squash" else "padded"
    return [f"images of any shape are {how} to {height} x {width} pixels (--fit crop, squash or pad)"]


def _gray(arguments, dataset):
    if not _starts_random(arguments):  # Pretrained networks take three channels.
        return []
    found = gray_in_color(dataset.train)
    if not found:
        return []
    looked_at = "" if found == len(dataset.train) else f" ({found} looked at)"
    return [f"all images are gray{looked_at}: --channels 1 trains on one channel instead of three equal ones"]


def _shrunk(arguments, dataset):
    if not _starts_random(arguments):
        return []
    sides = sorted(shorter_sides(arguments))
    if not sides:
        return []
    side, size = sides[len(sides) // 2], min(dataset.image_shape[:2])
    if side <= LARGEST_SHRINKAGE * size:
        return []
    better = min(_LARGEST_SUGGESTION, _STEP * math.ceil(side / LARGEST_SHRINKAGE / _STEP))
    hint = f": --image-size {better} keeps more of them" if better > size else ""
    return [f"photographs of {side} pixels are shrunk {side / size:.0f} times, to {size} pixels{hint}"]


def _random_weights(arguments, dataset):
    count = len(dataset.train)
    if count >= MANY_IMAGES or not _starts_random(arguments):
        return []
    trained = [
        f"--start-from {entry}" for entry in _entries(arguments["backbone"], dataset.image_shape[-1])[:1]
    ]
    ways = " or ".join([*trained, _PRETRAINED] if dataset.image_shape[-1] == 3 else trained)
    hint = f"; {ways} starts from trained ones" if ways else ""
    return [f"the network starts from random weights and learns from {count:,} images alone{hint}"]


def _starts_random(arguments):
    """Return whether the network's weights are drawn, not loaded."""
    return arguments.get("start_from", SCRATCH) == SCRATCH and starts_random(arguments["backbone"])


def _entries(backbone, channels):
    """Return the zoo entries with weights for the same network and number of channels, the most accurate first."""
    found = []
    for name in (path.stem for path in shipped.folder().glob("*.json")):
        card = shipped.read(name)
        if card.get("weights") and card["backbone"] == backbone and card["input_shape"][-1] == channels:
            found.append((-(card["measured"] or {}).get("balanced", 0.0), name))
    return [name for _, name in sorted(found)]
