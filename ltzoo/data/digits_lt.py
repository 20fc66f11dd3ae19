"""Long-tailed handwritten digits, from the scans bundled with scikit-learn; no download."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from ltzoo.class_counts import long_tail_counts
from ltzoo.data.arrays import from_arrays
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.registry import register

TEST_IMAGES_PER_CLASS = 50


@register(upright=True)
def digits_lt(
    *, imbalance_factor: float | None = None, data_dir: Path | None = None, seed: int = 0
) -> LongTailedDataset:
    """Load the 1,797 scans of the UCI digits test set (8 x 8 gray) with a long-tailed training split.

    Each digit has 174 to 183 scans, which `seed` shuffles. The first 50 become test images; training images
    come from the others. The test split is therefore balanced, shares no scan with training, and changes
    with the seed. There is no validation split.

    Training counts are exponential, from digit 0 (head) to digit 9 (tail). Digit c keeps
    `floor(n_max * (1/F) ** (c/9))` scans, where F is the imbalance factor. `n_max` = 124 is the number that
    the rarest digit has left, so it is the same for every factor. Factor 50 gives 124, 80, 51, 33, ... 2.

    Gray levels 0..16 of the scans become `round(level * 255 / 16)`.

    Args:
        imbalance_factor: 1 to 124; None means 50.
        data_dir: must be None, because the images come with scikit-learn.
        seed: selects the test and training images.

    Returns:
        A `LongTailedDataset` with images `(8, 8, 1)` and class names "0" .. "9".

    Raises:
        ValueError: the factor is below 1 or above 124, or `data_dir` is given.
    """
    if data_dir is not None:
        raise ValueError(
            f"`data_dir` must be None: digits_lt comes with scikit-learn. Received: data_dir={data_dir}"
        )
    from sklearn.datasets import load_digits

    digits = cast(Any, load_digits())
    images = np.round(digits.images * (255.0 / 16.0)).astype(np.uint8)[..., np.newaxis]
    labels = digits.target.astype(np.int64)
    largest = int(np.bincount(labels).min()) - TEST_IMAGES_PER_CLASS
    counts = long_tail_counts(largest, 10, 50 if imbalance_factor is None else imbalance_factor)
    train, test = [], []
    for digit in range(10):
        order = np.random.default_rng([seed, digit]).permutation(np.flatnonzero(labels == digit))
        test.append(order[:TEST_IMAGES_PER_CLASS])
        train.append(order[TEST_IMAGES_PER_CLASS : TEST_IMAGES_PER_CLASS + counts[digit]])
    train, test = np.concatenate(train), np.concatenate(test)
    return from_arrays(
        images[train],
        labels[train],
        images[test],
        labels[test],
        class_names=[str(digit) for digit in range(10)],
        name="digits_lt",
    )
