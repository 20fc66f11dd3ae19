"""Prediction sets by split conformal prediction: per class, pooled by shot group where images are few."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ltzoo.checks import integer, is_integer, is_number, number, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.posthoc.outputs import as_logits

SCORES = ("lac", "aps")
POOLS = ("class", "many", "medium", "few", "rare", "all", "none")


@dataclasses.dataclass(frozen=True, eq=False)
class PredictionSets:
    """Thresholds for sets of classes that hold the true one with probability 1 - alpha.

    Attributes:
        alpha: accepted share of images whose true class is missing.
        score: "lac" or "aps"; see `prediction_sets`.
        thresholds: a class is in the set if its score is at most this, `[C]`; infinity for a class that must be in
            every set.
        pools: what each class was calibrated on: "class" for its own images; "many", "medium" or "few" for those of its
            shot group with few images each; "rare" for what such groups left; "all" for all images; "none" for a
            class without a threshold.
        images: calibration images behind each threshold `[C]`.
    """

    alpha: float
    score: str
    thresholds: np.ndarray
    pools: tuple[str, ...]
    images: np.ndarray

    def contains(self, probabilities: Any) -> np.ndarray:
        """Return which classes are in the set of each image, bool `[N, C]`; the most probable one always is."""
        values = _probabilities(probabilities, len(self.thresholds))
        inside = class_scores(values, self.score) <= self.thresholds
        inside[np.arange(len(values)), values.argmax(axis=1)] = True
        return inside

    def sets_for(self, probabilities: Any) -> list[np.ndarray]:
        """Return the class indices in the set of each image, the most probable first.

        Args:
            probabilities: `[N, C]`, or `[C]` for one image.
        """
        values = _probabilities(np.atleast_2d(np.asarray(probabilities, "float64")), len(self.thresholds))
        order = np.argsort(-values, axis=1, kind="stable")
        return [row[inside[row]] for row, inside in zip(order, self.contains(values), strict=True)]

    @property
    def guarantee(self) -> str:
        """What the sets promise, in words."""
        share, counts = f"{100 * (1 - self.alpha):g} %", {pool: self.pools.count(pool) for pool in POOLS}
        texts = []
        if counts["class"]:
            texts.append(
                f"{counts['class']} classes: of new images of each class, {share} have it in their set, "
                "whatever the shares of the classes"
            )
        for pool in ("many", "medium", "few", "rare"):
            if counts[pool]:
                of = pool if pool == "rare" else f"{pool}-shot"
                texts.append(
                    f"{counts[pool]} {of} classes with few calibration images: {share} on average over images of these "
                    "classes, mixed as in the calibration; single classes may have less"
                )
        if counts["all"]:
            texts.append(
                f"{counts['all']} classes: no promise, as they have next to no calibration images; the threshold is "
                "that of all images"
            )
        if counts["none"]:
            texts.append(f"{counts['none']} classes: in every set, because too few calibration images exist")
        return "; ".join(texts) + "."

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON; an infinite threshold is None."""
        thresholds = [value if math.isfinite(value) else None for value in self.thresholds.tolist()]
        return {
            "alpha": self.alpha,
            "score": self.score,
            "thresholds": thresholds,
            "pools": list(self.pools),
            "images": self.images.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make prediction sets of the result of `to_dict`.

        Raises:
            ValueError: an entry is missing or wrong.
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        thresholds = values.get("thresholds") if isinstance(values, Mapping) else None
        right = isinstance(thresholds, list) and set(values) == set(fields)
        right = right and all(value is None or is_number(value) for value in thresholds or ())
        for key, fits in (("pools", POOLS.__contains__), ("images", is_integer)):
            entries = values.get(key) if right else None
            right = (
                isinstance(entries, list)
                and len(entries) == len(thresholds or ())
                and all(map(fits, entries))
            )
        if not right or not is_number(values["alpha"]) or values["score"] not in SCORES:
            raise ValueError(
                f"`values` must have the entries {', '.join(fields)}, as `to_dict` returns them. "
                f"Received: values={str(values)[:200]}"
            )
        filled = [math.inf if value is None else value for value in thresholds or ()]
        return cls(
            float(values["alpha"]),
            values["score"],
            np.array(filled, "float64"),
            tuple(values["pools"]),
            np.array(values["images"], "int64"),
        )


def class_scores(probabilities: np.ndarray, score: str) -> np.ndarray:
    """Return how unlike each class an image is, float64 `[N, C]`; see `prediction_sets`."""
    if score == "lac":
        return 1.0 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    summed = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    result = np.empty_like(summed)
    np.put_along_axis(result, order, summed, axis=1)
    return result


def sets_from_probabilities(
    probabilities: Any,
    labels: Any,
    alpha: float = 0.1,
    *,
    class_counts: Sequence[int] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    score: str = "lac",
    min_images: int | None = None,
) -> PredictionSets:
    """Calibrate prediction sets on probabilities; the arguments are those of `ltzoo.posthoc.prediction_sets`."""
    alpha = number("alpha", alpha, above=0, below=1)
    one_of("score", score, SCORES)
    values = _probabilities(probabilities, None)
    classes = values.shape[1]
    labels = check_labels(labels, classes, class_names=class_names)
    check_same_length(values, labels, "probabilities", "labels")
    least = smallest_sample(alpha)
    wanted = max(least, 20) if min_images is None else max(least, integer("min_images", min_images, 1))
    own = class_scores(values, score)[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=classes)
    groups = {} if class_counts is None else ClassCounts(class_counts).require(classes).groups
    thresholds, images = np.full(classes, np.inf), np.zeros(classes, "int64")
    pools = np.full(classes, "none", dtype=object)
    rare = counts < wanted
    for label in np.flatnonzero(~rare):
        thresholds[label], pools[label], images[label] = (
            _quantile(own[labels == label], alpha),
            "class",
            counts[label],
        )
    for name, members in groups.items():
        members = members[rare[members]]
        _pool(name, members, np.isin(labels, members), own, alpha, least, (thresholds, pools, images))
    left = np.flatnonzero(pools == "none")
    _pool("rare", left, np.isin(labels, left), own, alpha, least, (thresholds, pools, images))
    left = np.flatnonzero(pools == "none")
    _pool("all", left, np.ones(len(labels), bool), own, alpha, least, (thresholds, pools, images))
    return PredictionSets(alpha, score, thresholds, tuple(map(str, pools)), images)


def smallest_sample(alpha: float) -> int:
    """Return how many calibration images a finite threshold takes: the least n with (n + 1)(1 - alpha) <= n."""
    return math.ceil(round(1.0 / alpha - 1.0, 9))


def _pool(name, members, chosen, own, alpha, least, into):
    found = int(np.count_nonzero(chosen))
    if len(members) and found >= least:
        thresholds, pools, images = into
        thresholds[members], pools[members], images[members] = _quantile(own[chosen], alpha), name, found


def _quantile(scores, alpha):
    """Return the ceil((n + 1)(1 - alpha))-th smallest score."""
    rank = math.ceil(round((len(scores) + 1) * (1.0 - alpha), 9))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else math.inf


def _probabilities(values, classes):
    logits, _ = as_logits(values, "probabilities", "probabilities", classes)
    array = np.asarray(values, "float64")
    return array / array.sum(axis=1, keepdims=True) if len(logits) else array
