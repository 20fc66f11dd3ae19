"""Types, ranges and sizes of a model card, checked before anything in it is used. Needs no Keras."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ltzoo.checks import received, shortened
from ltzoo.printable import is_printable
from ltzoo.readers.json_text import check_plain
from ltzoo.readers.value_checks import (
    MAX_ARGUMENT,
    MAX_ARGUMENTS,
    MAX_LABEL,
    MAX_TEXT,
    is_file_name,
    is_integer,
    is_label,
    is_named,
    is_number,
    is_sha256,
    is_text,
    require,
)

MAX_CLASSES = 1_000_000
MAX_COUNT = 10**12
MAX_SIDE = 8192
MAX_CHANNELS = 16
MAX_FILE_BYTES = 10**11
METRICS = ("top1", "many", "medium", "few", "balanced", "ece", "mce", "nll")
SUFFIX = ".weights.h5"
_ADDRESS = re.compile(r"(?:https|http|hf|kaggle)://[^\s@/?#]+/[^\s?#]+")
_INTERPOLATIONS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos", "area")
_OLD_LICENSE = "licence"
_LONG = ("class_counts", "class_names")


def check_card(values: Any) -> dict[str, Any]:
    """Return the fields of a card, all of which have the right type, range and size.

    `licence`, the name in cards of earlier versions, is returned as `weights_license`.

    Raises:
        ValueError: a field is missing, unknown, or wrong; the message names it.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"`card` must be a dict of fields. {received('card', values)}")
    check_plain({key: value for key, value in values.items() if key not in _LONG}, "card")
    given = dict(values)
    if _OLD_LICENSE in given:
        if given.get("weights_license") is not None:
            raise ValueError(
                "`licence` must be left out of a card with `weights_license`. "
                f"{received('licence', given[_OLD_LICENSE])}"
            )
        given["weights_license"] = given.pop(_OLD_LICENSE)
    missing = [field for field in _REQUIRED if field not in given]
    unknown = [field for field in given if field not in _FIELDS]
    if missing or unknown:
        raise ValueError(
            f"`card` must have the fields {', '.join(_REQUIRED)}, and no others than {', '.join(_OPTIONAL)}; a newer "
            f"ltzoo may know more. Received: a card without {missing} and with {shortened(unknown)}"
        )
    for field, value in given.items():
        right, wanted = _FIELDS[field]
        require(right(value), field, wanted, value)
    _check_lengths(given)
    return given


def _is_counts(value):
    return _is_list(value, 1, MAX_CLASSES) and all(is_integer(count, 1, MAX_COUNT) for count in value)


def _is_names(value):
    return _is_list(value, 1, MAX_CLASSES) and all(map(is_label, value))


def _is_list(value, least, most):
    return isinstance(value, (list, tuple)) and least <= len(value) <= most


def _is_shape(value):
    return (
        _is_list(value, 3, 3)
        and all(is_integer(side, 1, MAX_SIDE) for side in value[:2])
        and is_integer(value[2], 1, MAX_CHANNELS)
    )


def _is_channels(least):
    return lambda value: (
        _is_list(value, 1, MAX_CHANNELS) and all(is_number(entry, least, 1e6) for entry in value)
    )


def _is_results(value, more=()):
    def is_result(field, entry):
        if field in METRICS:
            return entry is None or is_number(entry, 0, 1e6 if field == "nll" else 1)
        return field in more and is_text(entry)

    return isinstance(value, Mapping) and all(is_result(field, entry) for field, entry in value.items())


def _is_paper(value):
    if not isinstance(value, Mapping):
        return False
    also = value.get("also", ())
    first = {field: entry for field, entry in value.items() if field != "also"}
    return _is_list(also, 0, MAX_ARGUMENTS) and all(
        _is_results(entry, ("table",)) for entry in (first, *also)
    )


def _is_training(value):
    return (
        isinstance(value, Mapping)
        and len(value) <= MAX_ARGUMENTS
        and all(map(is_label, value))
        and all(entry is None or is_text(entry) or is_number(entry, 0, 1e12) for entry in value.values())
        and (value.get("command") is None or isinstance(value["command"], str))
        and (value.get("backend") is None or isinstance(value["backend"], str))
        and not isinstance(value.get("seconds"), str)
    )


def _is_preprocessing(value):
    if isinstance(value, Mapping) and set(value) == {"fit", "interpolation"}:
        return value["fit"] in ("squash", "pad") and value["interpolation"] == "bilinear"
    return (
        isinstance(value, Mapping)
        and set(value) == {"resize", "crop", "interpolation"}
        and all(is_integer(value[key], 1, MAX_SIDE) for key in ("resize", "crop"))
        and value["interpolation"] in _INTERPOLATIONS
    )


def _is_cost(value):
    return (
        isinstance(value, Mapping)
        and set(value) == {"images", "gmacs", "training_pflops"}
        and is_integer(value["images"], 0, 10**18)
        and all(is_number(value[key], 0, 1e15) for key in ("gmacs", "training_pflops"))
    )


_WEIGHTS = {
    "file": (
        lambda value: is_file_name(value) and value.endswith(SUFFIX),
        f"a plain file name that ends in {SUFFIX}",
    ),
    "size": (lambda value: is_integer(value, 1, MAX_FILE_BYTES), f"an integer from 1 to {MAX_FILE_BYTES:,}"),
    "sha256": (is_sha256, "64 hexadecimal digits in lower case"),
    "url": (
        lambda value: (
            isinstance(value, str)
            and len(value) <= 2000
            and is_printable(value)
            and _ADDRESS.fullmatch(value) is not None
        ),
        "an https://, hf:// or kaggle:// address without user name and query",
    ),
}


def check_weights(value: Any) -> None:
    """Check the field `weights` of a card: None, or `file`, `size`, `sha256` and `url` as far as they are known.

    Raises:
        ValueError: one of them is wrong, or another one is given; the message names it.
    """
    if value is None:
        return
    require(isinstance(value, Mapping), "weights", f"null or a dict with {', '.join(_WEIGHTS)}", value)
    for field, entry in value.items():
        if field not in _WEIGHTS:
            raise ValueError(
                f"`weights` must have the fields {', '.join(_WEIGHTS)}. Received: weights with {shortened(field)}"
            )
        right, wanted = _WEIGHTS[field]
        require(entry is None or right(entry), f"weights.{field}", wanted, entry)
    if (value.get("url") or "").startswith("http://") and value.get("sha256") is None:
        raise ValueError(
            "`weights.url` must be https:// in a card without a SHA-256, since anybody on the way could change the "
            "file. Received: weights.url with http://"
        )


def _optional(right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or right(value)


_TEXT = f"text of at most {MAX_TEXT:,} characters without control characters"
_LABEL = f"null or text of 1 to {MAX_LABEL} characters without control characters"
_NAMED = f'{{"name": ..., arguments}} with numbers within {MAX_ARGUMENT:,} and short text'
_RESULTS = f"null or accuracies from 0 to 1 called {', '.join(METRICS)}"
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (is_file_name, "letters, digits, '.', '_', '+' and '-', at most 150"),
    "recipe": (lambda value: isinstance(value, Mapping), "a recipe, as `Recipe.to_dict` returns it"),
    "backbone": (is_named, _NAMED),
    "dataset": (is_named, _NAMED),
    "class_counts": (_is_counts, f"1 to {MAX_CLASSES:,} integers from 1 to {MAX_COUNT:,}"),
    "class_names": (_is_names, f"1 to {MAX_CLASSES:,} names of 1 to {MAX_LABEL} printable characters"),
    "input_shape": (
        _is_shape,
        f"[height, width, channels], at most [{MAX_SIDE}, {MAX_SIDE}, {MAX_CHANNELS}]",
    ),
    "mean": (_is_channels(-1e6), "one finite number per channel"),
    "std": (_is_channels(1e-9), "one positive finite number per channel"),
    "seed": (lambda value: is_integer(value, 0, 2**63 - 1), "an integer from 0 to 2**63 - 1"),
    "weights_license": (_optional(is_label), _LABEL),
    "data_license": (_optional(is_label), _LABEL),
    "source": (_optional(is_text), f"null or {_TEXT}"),
    "citation": (is_text, _TEXT),
    "measured": (_optional(_is_results), _RESULTS),
    "paper": (_optional(_is_paper), f'{_RESULTS}, with "table" and "also"'),
    "weights": (lambda value: check_weights(value) is None, "null or a dict"),
    "training": (_optional(_is_training), "null or a dict of text and numbers"),
    "preprocessing": (
        _optional(_is_preprocessing),
        f'null or {{"resize", "crop", "interpolation"}} with sides up to {MAX_SIDE}',
    ),
    "starts_from": (_optional(is_label), _LABEL),
    "cost": (_optional(_is_cost), 'null or {"images", "gmacs", "training_pflops"}'),
    "notes": (lambda value: _is_list(value, 0, 1000) and all(map(is_text, value)), f"a list of {_TEXT}"),
}
_REQUIRED = (
    "name", "recipe", "backbone", "dataset", "class_counts", "class_names", "input_shape", "mean", "std",
)  # fmt: skip
_OPTIONAL = tuple(field for field in _FIELDS if field not in _REQUIRED)


def _check_lengths(card):
    classes, channels = len(card["class_counts"]), card["input_shape"][2]
    if len(card["class_names"]) != classes:
        raise ValueError(
            f"`class_names` must have one name for each of the {classes:,} classes. "
            f"Received: {len(card['class_names']):,} names"
        )
    for field in ("mean", "std"):
        require(
            len(card[field]) == channels, field, f"one number for each of {channels} channels", card[field]
        )
