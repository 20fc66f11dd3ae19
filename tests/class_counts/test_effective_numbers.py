"""Class weights by the effective number of images."""

import numpy as np
import pytest

from ltzoo.class_counts import effective_number_weights


def test_effective_number_weights():
    counts = [3, 1, 2]
    raw = effective_number_weights(counts, beta=0.5, normalize=False)
    np.testing.assert_allclose(raw, [0.5 / 0.875, 1.0, 0.5 / 0.75], rtol=1e-12)
    np.testing.assert_allclose(effective_number_weights(counts, 0.5), 3 * raw / raw.sum(), rtol=1e-12)
    np.testing.assert_array_equal(effective_number_weights(counts, beta=0.0), 1.0)
    # A beta of its own for every class, and one so close to 1 that the weights go as 1 / n.
    own = effective_number_weights(counts, np.array([0.5, 0.0, 0.9]), normalize=False)
    np.testing.assert_allclose(own, [0.5 / 0.875, 1.0, 0.1 / 0.19], rtol=1e-12)
    close = effective_number_weights([1000, 10], 1 - 1e-12, normalize=False)
    np.testing.assert_allclose(close, [1e-3, 1e-1], rtol=1e-6)


def test_bad_beta_is_named():
    for beta in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="Received: beta="):
            effective_number_weights([3, 2], beta)
