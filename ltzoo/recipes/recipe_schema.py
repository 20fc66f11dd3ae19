"""Limits on the size of a recipe that comes from a card, a saved model or a run folder.

Types, names and ranges are checked by `Recipe` and `Stage` themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ltzoo.checks import received, refuse
from ltzoo.readers.json_text import check_plain
from ltzoo.readers.value_checks import MAX_TEXT

MAX_STAGES = 100
MAX_STEPS = 100
MAX_PATTERNS = 1000


def check_sizes(config: Mapping[str, Any]) -> None:
    """Refuse a recipe that is too large, or that consists of anything but plain data.

    Raises:
        ValueError: a text or list is too long, or a value is no plain data; the message names the field.
    """
    check_plain(dict(config), "recipe")
    for field in ("name", "description", "citation"):
        text = config.get(field)
        if isinstance(text, str) and len(text) > MAX_TEXT:
            refuse(field, f"text of at most {MAX_TEXT:,} characters", text)
    _check_list(config, "conversions", MAX_STEPS)
    stages = config["stages"]
    if not isinstance(stages, (list, tuple)) or not 1 <= len(stages) <= MAX_STAGES:
        refuse("stages", f"a list of 1 to {MAX_STAGES} stages", stages)
    for stage in stages:
        if not isinstance(stage, Mapping):
            raise ValueError(f"`stage` must be a dict. {received('stage', stage)}")
        _check_list(stage, "augmentation", MAX_STEPS)
        _check_list(stage, "trainable", MAX_PATTERNS)


def _check_list(config, field, most):
    value = config.get(field, ())
    if isinstance(value, (list, tuple)) and len(value) > most:
        refuse(field, f"a list of at most {most:,} entries", value)
