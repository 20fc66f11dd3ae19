"""Types and ranges of `run.json` and of results in a run folder, checked before anything in them is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ltzoo import shipped
from ltzoo.checks import RANGES, shortened
from ltzoo.cli.backend import BACKENDS
from ltzoo.cli.fold_options import MOST_FOLDS
from ltzoo.cli.training_options import KEEP, MOST_PARTS
from ltzoo.data.image_fit import FITS
from ltzoo.readers.json_text import check_plain
from ltzoo.readers.value_checks import MAX_TEXT, is_integer, is_number, require
from ltzoo.recipes.recipe_schema import MAX_STAGES

MAX_SIDE = 8192
MAX_CLASSES = 1_000_000
MAX_COUNT = 10**12
MAX_LOGGERS = 100
RUN_BYTES = 100_000_000
_PRECISION = re.compile("[a-z0-9_]{1,40}")


def check_run(content: Any, format: int) -> None:
    """Check the content of `run.json`.

    Fields that this version does not know are left alone; they are plain values of moderate depth.

    Raises:
        ValueError: a field is missing, has another type or is out of range; the message names it.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"it must be a dict of fields. Received: {shortened(content)}")
    require(content.get("format") == format, "format", f"{format} for this version", content.get("format"))
    known = {key: value for key, value in content.items() if key != "dataset"}
    check_plain(known, "run.json")
    require(
        content.get("backend") in BACKENDS, "backend", f"one of {', '.join(BACKENDS)}", content.get("backend")
    )
    for field in ("arguments", "recipe", "dataset"):
        require(isinstance(content.get(field), Mapping), field, "a dict", content.get(field))
    _check_arguments(content["arguments"])
    _check_data(content["dataset"])
    require(_is_text(content["recipe"].get("name")), "recipe.name", "text", content["recipe"].get("name"))


def check_result(content: Any, classes: int | None = None) -> None:
    """Check the content of `result.json`, or of the results of a stage, before `Result.from_dict` reads it.

    Args:
        content: what the file holds.
        classes: number of classes C, or None if it is unknown.

    Raises:
        ValueError: a field is missing or has another type or size; the message names it.
    """
    require(isinstance(content, Mapping), "result", "a dict of fields", content)
    seconds, split = content.get("seconds", 0), content.get("split", "test")
    require(is_number(seconds, 0, 1e12), "seconds", "a number", seconds)
    require(split in _SPLITS, "split", "null, train, val, test, all or folds", split)
    kept = content.get("kept", [])
    right = isinstance(kept, list) and len(kept) <= MAX_STAGES and all(map(_is_kept_epoch, kept))
    require(right, "kept", "a list with the stage and epoch of each stage", kept)
    norms = content.get("weight_norms")
    right = norms is None or (isinstance(norms, list) and all(is_number(norm, 0, 1e30) for norm in norms))
    require(
        right and (norms is None or classes in (None, len(norms))),
        "weight_norms",
        "a number per class",
        norms,
    )
    result = content.get("result")
    # Without test and validation images nothing is measured.
    require(result is None or isinstance(result, Mapping), "result", "null or a dict of measurements", result)
    for field, value in (result or {}).items():
        if field == "confusion":
            rows: list[Any] = value if isinstance(value, list) else [None]
            right = all(isinstance(row, list) and len(row) == len(rows) for row in rows)
            right = right and all(all(is_integer(entry, 0, MAX_COUNT) for entry in row) for row in rows)
            require(
                right and classes in (None, len(rows)), field, "a row of counts per class", "another value"
            )
        elif field in _LISTS:
            least, most = _LISTS[field]
            right = isinstance(value, list) and all(_is_measure(entry, least, most) for entry in value)
            right = right and (field != "per_class" or classes in (None, len(value)))
            require(right, field, "a list of numbers in range", value)
        elif field in _DETAILS:
            right, wanted = _DETAILS[field]
            require(value is None or right(value, classes), field, wanted, value)
        else:
            require(_is_measure(value, 0, 1e6), field, "null or a number in range", value)


def result_bytes(classes: int) -> int:
    """Return the largest size in bytes of the results for C classes, most of which is the confusion matrix."""
    return 1_000_000 + 4000 * classes + 40 * classes**2


_LISTS = {
    "per_class": (0, 1),
    "bin_accuracy": (0, 1),
    "bin_confidence": (0, 1),
    "bin_count": (0, MAX_COUNT),
}


def _are_counts(value, classes):
    right = isinstance(value, list) and classes in (None, len(value))
    return right and all(is_integer(entry, 1, MAX_COUNT) for entry in value)


def _are_names(value, classes):
    return isinstance(value, list) and classes in (None, len(value)) and all(map(_is_text, value))


def _are_intervals(value, classes):
    return (
        isinstance(value, Mapping)
        and len(value) <= _MAX_INTERVALS
        and all(_is_text(name) for name in value)
        and all(isinstance(bounds, list) and len(bounds) == 2 for bounds in value.values())
        and all(_is_measure(bound, 0, 1) for bounds in value.values() for bound in bounds)
    )


_SPLITS = (None, "train", "val", "test", "all", "folds")
_MAX_INTERVALS = 100
_DETAILS = {
    "class_counts": (_are_counts, "null or a number of training images per class"),
    "class_names": (_are_names, "null or a name per class"),
    "intervals": (_are_intervals, "a dict of [lower, upper]"),
}


def _check_arguments(arguments):
    recipe = arguments.get("recipe")
    require(_is_text(recipe), "arguments.recipe", "text", recipe)
    for field, (right, wanted) in _ARGUMENTS.items():
        if field in arguments:
            require(right(arguments[field]), f"arguments.{field}", wanted, arguments[field])
    require("seed" in arguments, "arguments.seed", "an integer", None)
    if recipe not in shipped.names():  # A zoo entry has its own data and network.
        require("data" in arguments, "arguments.data", "text", None)
        require("backbone" in arguments, "arguments.backbone", _BACKBONE, None)


def _check_data(data):
    shape, names, counts = data.get("image_shape"), data.get("class_names"), data.get("class_counts")
    require(_is_text(data.get("name")), "dataset.name", "text", data.get("name"))
    right = (
        isinstance(shape, list) and len(shape) == 3 and all(is_integer(side, 1, MAX_SIDE) for side in shape)
    )
    require(right, "dataset.image_shape", "[height, width, channels]", shape)
    right = isinstance(counts, list) and 1 <= len(counts) <= MAX_CLASSES
    right = right and all(is_integer(count, 0, MAX_COUNT) for count in counts)
    require(right, "dataset.class_counts", f"1 to {MAX_CLASSES:,} integers", counts)
    right = isinstance(names, list) and len(names) == len(counts or ()) and all(map(_is_text, names))
    require(right, "dataset.class_names", f"a list of {len(counts or ()):,} names", names)
    listing = data.get("listing", {})
    right = isinstance(listing, Mapping) and all(_is_text(digest) for digest in listing.values())
    require(right, "dataset.listing", "a digest by split", listing)


def _is_text(value):
    return isinstance(value, str) and len(value) <= MAX_TEXT and "\0" not in value


def _is_kept_epoch(value):
    return isinstance(value, Mapping) and all(
        is_integer(entry, 1, MAX_COUNT)
        if name in ("stage", "epoch", "epochs")
        else _is_measure(entry, 0, 1e6)
        for name, entry in {"stage": None, "epoch": None, **value}.items()
    )


def _is_measure(value, least, most):
    return value is None or is_number(value, least, most)


def _is_epochs(value):
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MAX_STAGES
        and all(entry in RANGES["Epochs"] and entry > 0 for entry in value)
    )


def _are_rates(value):
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MAX_STAGES
        and all(entry in RANGES["Positive"] for entry in value)
    )


def _is_size(value):
    return (
        isinstance(value, list) and len(value) == 2 and all(is_integer(side, 1, MAX_SIDE) for side in value)
    )


def _is_path_with_digest(value):
    return isinstance(value, list) and len(value) == 2 and all(map(_is_text, value))


def _is_backbone(value):
    return isinstance(value, Mapping) and _is_text(value.get("name")) and value["name"] != ""


def _are_settings(value):
    return isinstance(value, list) and all(
        isinstance(entry, list) and len(entry) == 2 and _is_text(entry[0]) for entry in value
    )


_BACKBONE = 'a dict {"name": ..., arguments}'
_WORDS = (_is_text, "text")
_SEED = (lambda value: is_integer(value, -(2**63), 2**63 - 1), "an integer")
_SWITCH = (lambda value: isinstance(value, bool), "true or false")
_ARGUMENTS = {
    "data": _WORDS,
    "data_dir": _WORDS,
    "image_root": _WORDS,
    "image_column": _WORDS,
    "label_column": _WORDS,
    "split_column": _WORDS,
    "group_by": _WORDS,
    "start_from": _WORDS,
    "channels": (lambda value: value in ("1", "3"), "1 or 3, as text"),
    "seed": _SEED,
    "data_seed": _SEED,
    "precision": (lambda value: _is_text(value) and _PRECISION.fullmatch(value), "the name of a precision"),
    "backbone": (_is_backbone, _BACKBONE),
    "epochs": (_is_epochs, "a list of positive integers"),
    "batch_size": (RANGES["BatchSize"].__contains__, RANGES["BatchSize"].words),
    "accumulate": (lambda value: is_integer(value, 1, MOST_PARTS), f"an integer from 1 to {MOST_PARTS:,}"),
    "image_size": (_is_size, "[height, width]"),
    "imbalance_factor": (lambda value: is_number(value, 0, 1e12), "a number"),
    "test": (_is_path_with_digest, "[path, digest]"),
    "test_fraction": (lambda value: is_number(value, 0, 1), "a number from 0 to 1"),
    "validation_fraction": (lambda value: is_number(value, 0, 1), "a number from 0 to 1"),
    "skip_unreadable": _SWITCH,
    "exclude": (_is_path_with_digest, "[path, digest]"),
    "fit": (lambda value: value in FITS, f"one of {', '.join(FITS)}"),
    "learning_rate": (_are_rates, "a list of positive numbers"),
    "patience": (RANGES["PositiveInt"].__contains__, RANGES["PositiveInt"].words),
    "keep": (lambda value: value in KEEP, f"one of {', '.join(KEEP)}"),
    "ema": (lambda value: is_number(value, 0, 1), "a number between 0 and 1"),
    "log": (
        lambda value: isinstance(value, list) and len(value) <= MAX_LOGGERS and all(map(_is_text, value)),
        "a list of names",
    ),
    "up": _SWITCH,
    "time_limit": (lambda value: is_number(value, 0, 1e10) and value > 0, "a number of seconds"),
    "folds": (lambda value: is_integer(value, 2, MOST_FOLDS), f"an integer from 2 to {MOST_FOLDS}"),
    "fold": (lambda value: is_integer(value, 1, MOST_FOLDS), f"an integer from 1 to {MOST_FOLDS}"),
    "constants": (lambda value: value in ("published", "scaled"), "published or scaled"),
    "settings": (_are_settings, "a list of [key, value]"),
}
