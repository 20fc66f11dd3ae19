"""Class shares: of the training images, and of the images that a model will meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.checks import did_you_mean, is_number, received, refuse
from ltzoo.class_counts import ClassCounts

TARGETS = ("train", "uniform", "estimate")


def training_prior(class_counts: Any, num_classes: int, class_names: Sequence[str] | None) -> ClassCounts:
    """Return the training images per class.

    Args:
        class_counts: `[C]` in class order, or a dict by class name.
        num_classes: C.
        class_names: names in class order, for a dict.

    Raises:
        ValueError: the counts are no positive integers, one per class.
    """
    if isinstance(class_counts, Mapping):
        class_counts = _in_order("class_counts", class_counts, class_names)
    return ClassCounts(class_counts).require(num_classes)


def target_prior(
    prior: str | Sequence[float] | np.ndarray | Mapping[str, float],
    counts: ClassCounts,
    class_names: Sequence[str] | None = None,
) -> np.ndarray:
    """Return the class shares `[C]` that `prior` means, with the sum 1.

    Args:
        prior: "train" for the shares of the training images; "uniform"; shares or counts per class, in class order or
            in a dict by class name. A class with the number 0 is excluded from the predictions.
        counts: training images per class.
        class_names: names in class order, for a dict.

    Raises:
        ValueError: the name is unknown, a class is missing, or the numbers are negative, not finite or all 0.
    """
    if isinstance(prior, str):
        if prior == "train":
            return counts.prior
        if prior == "uniform":
            return np.full(len(counts), 1.0 / len(counts))
        known = [*map(repr, TARGETS), "a number per class", "a dict by class name"]
        refuse("prior", f"one of {', '.join(known)}", prior, did_you_mean(prior, TARGETS))
    if isinstance(prior, Mapping):
        prior = _in_order("prior", prior, class_names)
    numbers: list[Any] = list(prior) if hasattr(prior, "__iter__") else []
    right = len(numbers) == len(counts) and all(is_number(number) and number >= 0 for number in numbers)
    if not right or not sum(map(float, numbers)) > 0:
        raise ValueError(
            f"`prior` must have a number of 0 or more for each of the {len(counts)} classes, not all 0. "
            f"{received('prior', prior)}"
        )
    shares = np.array(numbers, "float64")
    return shares / shares.sum()


def restricted(prior: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return the shares of the allowed classes alone, with the sum 1.

    Raises:
        ValueError: fewer than two classes remain.
    """
    shares = np.where(allowed, prior, 0.0)
    if np.count_nonzero(shares) < 2:
        raise ValueError(
            "`classes` and `prior` must leave two classes or more. "
            f"Received: {np.count_nonzero(shares)} classes with a share above 0"
        )
    return shares / shares.sum()


def _in_order(argument, by_name, class_names):
    if class_names is None:
        raise ValueError(
            f"`{argument}` must be in class order, because no class names are known here. "
            f"{received(argument, dict(by_name))}"
        )
    names = [str(name) for name in class_names]
    known = set(names)
    unknown = next((name for name in by_name if str(name) not in known), None)
    missing = next((name for name in names if name not in by_name), None)
    if unknown is not None or missing is not None:
        wrong = f"the unknown class {unknown!r}" if unknown is not None else f"no number for {missing!r}"
        hint = "" if unknown is None else did_you_mean(unknown, names)
        raise ValueError(
            f"`{argument}` must have a number for each of the {len(names)} classes.{hint} Received: {wrong}"
        )
    return [by_name[name] for name in names]
