"""Square roots of features, with their sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ltzoo.heads.linear import linear_weights

# Added below the root, so that its slope is finite at 0.
_SMALL = 1e-6


def signed_root(features: Any) -> Any:
    """Return sign(x) sqrt(|x| + 1e-6) of features x, of an array or a tensor.

    Means of rectified maps are skewed: most are small, a few are large. Roots make them more like the normal
    distributions that linear discriminants assume; see "power normalization" (Perronnin et al., ECCV 2010, Section
    3.2) and "Tukey's ladder of powers" (Yang et al., ICLR 2021, Eq. 3).
    """
    library = np if isinstance(features, np.ndarray) else ops
    return library.sign(features) * library.sqrt(library.abs(features) + _SMALL)


def refuse_roots(head: Any) -> None:
    """Raise a ValueError if a head takes square roots, so that no dense layer has the same logits."""
    if head.square_root:
        raise ValueError(
            "`previous` must be linear in the features; give the earlier stage the head without square_root=True. "
            f"Received: previous={type(head).__name__}(square_root=True)"
        )


def weights_of(previous: Any, square_root: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel `[D, C]` and bias `[C]` of a linear head, on the features or, with `square_root`, on their roots.

    Raises:
        ValueError: the head is not linear, or takes square roots and `square_root` is False, or the reverse.
    """
    if square_root != getattr(previous, "square_root", False):
        raise ValueError(
            f"`square_root` must be the same as in the head before. Received: square_root={square_root}, "
            f"previous={type(previous).__name__}"
        )
    return previous.folded_weights() if square_root else linear_weights(previous)
