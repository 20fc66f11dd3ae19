"""Types, ranges and sizes of a recipe that comes from a card, a saved model or a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ltzoo.readers.json_text import check_plain, shortened
from ltzoo.readers.value_checks import MAX_TEXT, is_integer, is_number, require

MAX_STAGES = 100
MAX_EPOCHS = 1_000_000
MAX_BATCH = 100_000_000
MAX_STEPS = 100


def check_recipe(config: Mapping[str, Any]) -> None:
    """Check the fields of a recipe that are given; `Recipe.from_dict` checks that none is missing or unknown.

    Raises:
        ValueError: a field has another type, or is out of range or too large; the message names it.
    """
    check_plain(dict(config), "recipe")
    for field in ("name", "description", "citation"):
        _require(_is_text(config.get(field, "")), field, f"text of at most {MAX_TEXT:,} characters", config)
    _require(_is_part(config.get("head", {"name": ""})), "head", 'a dict {"name": ..., arguments}', config)
    _require(_are_parts(config.get("conversions", ())), "conversions", _PARTS, config)
    stages = config.get("stages", [{}])
    _require(
        isinstance(stages, (list, tuple)) and 1 <= len(stages) <= MAX_STAGES,
        "stages",
        f"a list of 1 to {MAX_STAGES} stages",
        config,
    )
    for stage in stages:
        if not isinstance(stage, Mapping):
            raise ValueError(f"`stage` must be a dict. Received: stage={shortened(stage)}")
        _check_stage(stage)


_PARTS = f'a list of at most {MAX_STEPS} dicts {{"name": ..., arguments}}'


def _check_stage(stage):
    for field, least, most in (("epochs", 0, MAX_EPOCHS), ("batch_size", 1, MAX_BATCH)):
        _require(
            is_integer(stage.get(field, least), least, most),
            field,
            f"an integer from {least} to {most:,}",
            stage,
        )
    for field in ("loss", "optimizer", "schedule"):
        _require(_is_part(stage.get(field, {"name": ""})), field, 'a dict {"name": ..., arguments}', stage)
    sampler = stage.get("sampler", {"strategy": ""})
    _require(_is_part(sampler, "strategy"), "sampler", 'a dict {"strategy": ..., parameters}', stage)
    for field in ("head", "technique"):
        value = stage.get(field)
        _require(value is None or _is_part(value), field, 'None or a dict {"name": ..., arguments}', stage)
    cloud = stage.get("cloud")
    _require(cloud is None or isinstance(cloud, Mapping), "cloud", "None or a dict of arguments", stage)
    _require(_are_parts(stage.get("augmentation", ())), "augmentation", _PARTS, stage)
    mixup, scale = stage.get("mixup_alpha", 0.0), stage.get("scale")
    _require(is_number(mixup, 0, 1e6), "mixup_alpha", "a number from 0 to 1e6", stage)
    _require(
        scale is None or is_number(scale, 1e-9, 1e6), "scale", "None or a number from 1e-9 to 1e6", stage
    )
    for field in ("augment_on", "batch_norm"):
        _require(_is_text(stage.get(field, "")), field, "text", stage)
    for field in ("reinitialize_head", "cache_features"):
        _require(isinstance(stage.get(field, False), bool), field, "True or False", stage)
    trainable = stage.get("trainable", "all")
    listed = isinstance(trainable, (list, tuple)) and len(trainable) <= 1000 and all(map(_is_text, trainable))
    _require(_is_text(trainable) or listed, "trainable", "text or a list of patterns", stage)


def _require(right, field, wanted, config):
    require(right, field, wanted, config.get(field))


def _is_text(value):
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_part(value, key="name"):
    return isinstance(value, Mapping) and _is_text(value.get(key))


def _are_parts(value):
    return isinstance(value, (list, tuple)) and len(value) <= MAX_STEPS and all(map(_is_part, value))
