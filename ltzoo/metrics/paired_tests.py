"""Tests whether two classifiers differ on the same images, and the correction for several tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEAST_DISCORDANT = 6
"""With fewer images on which one of two classifiers alone is right, McNemar's test never reaches p < 0.05."""


def mcnemar(first_alone: int, second_alone: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (McNemar, 1947).

    Of the n images that just one of two classifiers has right, each is as likely the first's if the two are equally
    good: p = min(1, 2 P(X <= k)) with X ~ Binomial(n, 1/2) and k the smaller number. It is exact for every n, not the
    chi-squared approximation, which is too sure for few images.

    Args:
        first_alone: images that only the first classifier has right.
        second_alone: images that only the second has right.
    """
    count, least = first_alone + second_alone, min(first_alone, second_alone)
    logs = [
        math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - count * math.log(2)
        for k in range(least + 1)
    ]
    return min(1.0, 2.0 * math.fsum(map(math.exp, logs)))


def bootstrap_p_value(differences: np.ndarray) -> float:
    """Return the two-sided p-value of a difference by its bootstrap resamples: twice the smaller share beyond zero.

    2 (1 + min(#(d <= 0), #(d >= 0))) / (B + 1), at most 1, so that it is never below what B resamples can show.
    """
    beyond = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2.0 * (1 + beyond) / (len(differences) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm, 1979), which bound the chance of one false difference or more.

    The i-th smallest of m values becomes the largest of (m - j + 1) p_j over j <= i, at most 1. NaN stays NaN, and does
    not count.
    """
    known = [place for place, value in enumerate(p_values) if not math.isnan(value)]
    adjusted, least = [float(value) for value in p_values], 0.0
    for rank, place in enumerate(sorted(known, key=lambda place: p_values[place])):
        least = max(least, min(1.0, (len(known) - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted
