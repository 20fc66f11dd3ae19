"""Which recipe for which images: the rules of `ltzoo advise` and of docs/recipes_for_data.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

MANY_IMAGES = 50_000
"""From this many training images on, random weights are a usual start."""

SMALL_SIDE = 64
"""Images with a shorter side of at most this many pixels are small."""


class Facts(NamedTuple):
    """What the rules look at.

    Attributes:
        train: images to train on.
        test: test images.
        side: median of the shorter sides, in pixels.
        gray: whether all images are gray.
        unreadable: files that cannot be read.
        groups: a rule for `--group-by` that file names suggest, or None.
        grouped: whether the groups are given already.
    """

    train: int
    test: int = 0
    side: int = 224
    gray: bool = False
    unreadable: int = 0
    groups: str | None = None
    grouped: bool = False


class Rule(NamedTuple):
    """One row of the decision table.

    Attributes:
        when: which images it is for, in words.
        recipe: name of the recipe.
        options: further words of the command.
        why: a sentence or two.
        fits: whether it is for images with these facts; None for what only the user knows.
    """

    when: str
    recipe: str
    options: tuple[str, ...]
    why: str
    fits: Callable[[Facts], bool] | None


class Addition(NamedTuple):
    """An option that goes with any recipe, or with those that start from random weights.

    Attributes:
        when: when to give it, in words.
        shown: the option in the documentation.
        why: a sentence.
        options: words of the command by facts and name of the recipe; empty if it does not apply.
    """

    when: str
    shown: str
    why: str
    options: Callable[[Facts, str], tuple[str, ...]]


RULES = (
    Rule(
        f"{MANY_IMAGES:,} images or more, of at most {SMALL_SIDE} pixels",
        "fast",
        (),
        "So many images suffice to start from random weights, and small ones train fast. 'best' takes ten times as "
        "long and is more accurate.",
        lambda facts: facts.train >= MANY_IMAGES and facts.side <= SMALL_SIDE,
    ),
    Rule(
        f"{MANY_IMAGES:,} images or more, larger",
        "transfer",
        ("--time-limit", "2h"),
        "Its result is the one to beat. With an accelerator and days of time, the papers' recipes train the whole "
        "network: 'gcl', 'mislas', 'ride'.",
        lambda facts: facts.train >= MANY_IMAGES,
    ),
    Rule(
        "any other photographs",
        "transfer",
        (),
        "Its pretrained features need few images and little time. Where fine details tell classes apart, as on "
        "packages of products, 'fine_tuning' was far more accurate; on silhouettes of plankton it was not. It takes "
        "minutes more: train both, and compare them with 'ltzoo compare --common'.",
        lambda facts: True,
    ),
    Rule(
        "no pretrained weights allowed, minutes of time",
        "fast",
        (),
        "A few wide convolutions from random weights, with a balanced loss.",
        None,
    ),
    Rule(
        "no pretrained weights allowed, hours of time",
        "best",
        (),
        "The most accurate recipe from random weights.",
        None,
    ),
)
"""The decision table: the first rule that fits counts."""

_OUT_OF_FOLD = ("transfer",)
_PRETRAINED = ("transfer", "fine_tuning")

ADDITIONS = (
    Addition(
        "several images show the same animal, patient, object or moment",
        "--group-by",
        "Images that belong together stay on one side of each split; otherwise all measurements are too good. "
        "'ltzoo advise' suggests it by the names of files: leave it out if they tell nothing.",
        lambda facts, recipe: ("--group-by", facts.groups) if facts.groups and not facts.grouped else (),
    ),
    Addition(
        "there are no test images, and the recipe is not 'transfer'",
        "--folds 5",
        "Every image is predicted by a model that was not trained on it. 'transfer' does this anyway.",
        lambda facts, recipe: ("--folds", "5") if not facts.test and recipe not in _OUT_OF_FOLD else (),
    ),
    Addition(
        "all images are gray, and the recipe starts from random weights",
        "--channels 1",
        "One channel is computed, not three equal ones.",
        lambda facts, recipe: ("--channels", "1") if facts.gray and recipe not in _PRETRAINED else (),
    ),
    Addition(
        "some files cannot be read",
        "--skip-unreadable",
        "Training leaves them out and names them.",
        lambda facts, recipe: ("--skip-unreadable",) if facts.unreadable else (),
    ),
)
"""Options besides the recipe."""


def choose(facts: Facts) -> Rule:
    """Return the first rule that fits."""
    return next(rule for rule in RULES if rule.fits is not None and rule.fits(facts))


def additions(facts: Facts, recipe: str) -> list[tuple[Addition, tuple[str, ...]]]:
    """Return the options that apply, with the words of the command."""
    found = [(addition, addition.options(facts, recipe)) for addition in ADDITIONS]
    return [(addition, words) for addition, words in found if words]
