"""Class counts that belong to logits."""

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import validate_class_counts


def counts_of_logits(class_counts: Sequence[int] | np.ndarray, num_classes: int) -> np.ndarray:
    """Checked class counts, int64 [num_classes].

    Raises:
        ValueError: If they are no counts, or not as many as the logits have classes.
    """
    counts = validate_class_counts(class_counts)
    if len(counts) != num_classes:
        raise ValueError(
            f"class_counts must have one number for each of the {num_classes} logits. "
            f"Received: class_counts of length {len(counts)}"
        )
    return counts
