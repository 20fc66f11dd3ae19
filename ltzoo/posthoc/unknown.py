"""Thresholds by which a classifier says "unknown": maximum softmax, energy, distance of features."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, PositiveInt, is_integer, is_number, number, one_of
from ltzoo.posthoc.outputs import as_logits, log_softmax

METHODS = ("softmax", "energy", "knn")
_BLOCK = 4_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Unknown:
    """A threshold above which an image counts as unknown.

    Attributes:
        method: "softmax", "energy" or "knn"; see `unknown_scores`.
        threshold: images with a larger score are unknown.
        keep: share of the held-out images of known classes below the threshold.
        images: how many held-out images it was set on.
        neighbors: k of "knn", else 0.
        bank: features `[M, D]` of training images for "knn", else None.
    """

    method: str
    threshold: float
    keep: float
    images: int
    neighbors: int = 0
    bank: np.ndarray | None = None

    def scores(self, logits: Any = None, features: Any = None) -> np.ndarray:
        """Return how unlike the known classes each image is, float64 `[N]`."""
        return unknown_scores(self.method, logits, features, bank=self.bank, neighbors=self.neighbors or 10)

    def is_unknown(self, logits: Any = None, features: Any = None) -> np.ndarray:
        """Return whether each image counts as unknown, bool `[N]`.

        Args:
            logits: `[N, C]`, as the model returns them, for "softmax" and "energy".
            features: `[N, D]`, for "knn".
        """
        return self.scores(logits, features) > self.threshold

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers for JSON, without the bank of "knn"."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "bank"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], bank: np.ndarray | None = None) -> Self:
        """Make a threshold of the result of `to_dict`, and for "knn" of the bank.

        Raises:
            ValueError: an entry is missing or wrong.
        """
        right = isinstance(values, Mapping) and values.get("method") in METHODS
        right = right and all(is_number(values.get(key)) for key in ("threshold", "keep"))
        right = (
            right and all(is_integer(values.get(key)) for key in ("images", "neighbors")) and len(values) == 5
        )
        if not right:
            raise ValueError(
                "`values` must have `method`, `threshold`, `keep`, `images` and `neighbors`, as `to_dict` gives them. "
                f"Received: values={str(values)[:200]}"
            )
        return cls(**values, bank=bank)


@checked
def unknown_threshold(
    logits: Any = None,
    features: Any = None,
    *,
    method: str = "energy",
    keep: Fraction = 0.95,
    bank: Any = None,
    neighbors: PositiveInt = 10,
) -> Unknown:
    """Set the threshold that keeps a share of the images of known classes.

    Args:
        logits: held-out logits `[N, C]`, for "softmax" and "energy".
        features: features `[N, D]` of the held-out images, for "knn".
        method: "softmax", "energy" or "knn".
        keep: share of these images that stays known; the others are the false alarms to expect.
        bank: features `[M, D]` of training images, for "knn".
        neighbors: k of "knn".

    Raises:
        ValueError: an argument is wrong, or the method lacks its input.
    """
    keep = number("keep", keep, above=0, below=1)
    scores = unknown_scores(method, logits, features, bank=bank, neighbors=neighbors)
    threshold = float(np.quantile(scores, keep, method="higher"))
    own = None if method != "knn" else _unit_rows(np.asarray(bank, "float64")).astype("float32")
    return Unknown(method, threshold, keep, len(scores), neighbors if method == "knn" else 0, own)


def unknown_scores(
    method: str, logits: Any = None, features: Any = None, *, bank: Any = None, neighbors: int = 10
) -> np.ndarray:
    """Return how unlike the known classes each image is, float64 `[N]`; larger is less known.

    - "softmax": minus the largest log probability (Hendrycks & Gimpel, ICLR 2017).
    - "energy": -log sum exp z (Liu et al., NeurIPS 2020, Eq. 4, at temperature 1). It needs logits: probabilities have
      lost it.
    - "knn": Euclidean distance to the k-th nearest training image, of features of unit length (Sun et al., ICML 2022,
      Section 3).

    Raises:
        ValueError: the method is unknown, lacks its input, or the shapes do not fit.
    """
    one_of("method", method, METHODS)
    if method == "knn":
        if features is None or bank is None:
            raise ValueError(
                '`features` and `bank` must be given for method="knn". '
                f"Received: features={'None' if features is None else 'given'}, "
                f"bank={'None' if bank is None else 'given'}"
            )
        return _kth_distance(features, bank, neighbors)
    if logits is None:
        raise ValueError(f"`logits` must be given for method={method!r}. Received: logits=None")
    values, _ = as_logits(logits, "logits")
    if method == "softmax":
        return -log_softmax(values).max(axis=1)
    largest = values.max(axis=1)
    energy = -(largest + np.log(np.exp(values - largest[:, None]).sum(axis=1)))
    if energy.std() <= 1e-6 * max(1.0, float(np.abs(values).max())) and len(values) > 1:
        raise ValueError(
            '`logits` must be unnormalized for method="energy"; use "softmax" for probabilities. '
            "Received: logits with the same log-sum-exp in every row"
        )
    return energy


def auroc(known: Sequence[float] | np.ndarray, unknown: Sequence[float] | np.ndarray) -> float:
    """Return the probability that an unknown image has a larger score than a known one; ties count one half.

    Args:
        known: scores of images of known classes `[N]`.
        unknown: scores of images of other classes `[M]`.
    """
    known, unknown = (np.asarray(scores, "float64") for scores in (known, unknown))
    if not len(known) or not len(unknown):
        raise ValueError(
            f"`known` and `unknown` must have a score or more. Received: {len(known)} and {len(unknown)}"
        )
    ordered = np.sort(known)
    below, not_above = (np.searchsorted(ordered, unknown, side=side) for side in ("left", "right"))
    return float((below + not_above).mean() / (2.0 * len(known)))


def _kth_distance(features, bank, neighbors):
    features, bank = (np.asarray(values, "float64") for values in (features, bank))
    fits = (
        features.ndim == bank.ndim == 2 and features.shape[1] == bank.shape[1] and 1 <= neighbors <= len(bank)
    )
    if not fits or not (np.isfinite(features).all() and np.isfinite(bank).all()):
        raise ValueError(
            "`features` [N, D] and `bank` [M, D] must be finite and have the same D, and `neighbors` be 1 to M. "
            f"Received: features of shape {features.shape}, bank of shape {bank.shape}, neighbors={neighbors}"
        )
    features, bank = _unit_rows(features), _unit_rows(bank)
    rows, found = max(1, _BLOCK // len(bank)), []
    for start in range(0, len(features), rows):
        similar = features[start : start + rows] @ bank.T
        nearest = np.partition(similar, len(bank) - neighbors, axis=1)[:, len(bank) - neighbors]
        found.append(np.sqrt(np.maximum(2.0 - 2.0 * nearest, 0.0)))
    return np.concatenate(found)


def _unit_rows(values):
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
