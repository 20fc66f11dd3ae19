"""IIF's factors and head against NumPy."""

import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from ltzoo.heads.inverse_image_frequency import VARIANTS, inverse_image_frequency
from tests import tiny

COUNTS = np.array([500, 120, 40, 9])
SHARE = COUNTS / COUNTS.sum()


def test_factors_are_those_of_the_released_code():
    total = COUNTS.sum()
    expected = {
        "raw": np.log(total / COUNTS),
        "smooth": np.log((total + 1) / (COUNTS + 1)) + 1,
        "relative": np.log((total - COUNTS) / COUNTS),
        "gombit": -np.log(-np.log(1 - SHARE)),
        "base2": np.log2(total / COUNTS),
        "base10": np.log10(total / COUNTS),
    }
    for variant, factors in expected.items():
        np.testing.assert_allclose(inverse_image_frequency(COUNTS, variant), factors, rtol=1e-12)
    # Phi(0.6744898) = 0.75, Phi(-1.2815516) = 0.1
    np.testing.assert_allclose(
        inverse_image_frequency([75, 15, 10], "normit")[[0, 2]], [-0.6744898, 1.2815516], rtol=1e-6
    )
    assert set(VARIANTS) == {*expected, "normit"}
    with pytest.raises(ValueError, match="`variant` must be one of .* Received: variant='log'"):
        inverse_image_frequency(COUNTS, "log")


def test_the_head_multiplies_the_logits_of_the_previous_one():
    random = np.random.default_rng(1)
    features = random.normal(size=(5, 3)).astype("float32")
    dense = heads.get({"name": "dense"}, 4)
    dense.build((None, 3))
    dense.kernel.assign(random.normal(size=(3, 4)))
    dense.bias.assign(random.normal(size=4))
    head = heads.get({"name": "inverse_image_frequency", "variant": "raw"}, 4, class_counts=COUNTS)
    head.build((None, 3))
    heads.begin(head, dense, None)
    plain = ops.convert_to_numpy(dense(features))
    np.testing.assert_allclose(
        ops.convert_to_numpy(head(features)), plain * np.log(1 / SHARE), rtol=1e-5, atol=1e-6
    )
    assert len(head.trainable_variables) == 2
    copy = type(head).from_config(head.get_config())
    assert copy.get_config() == head.get_config() and copy.variant == "raw"


def test_the_recipe_continues_its_cosine_classifier():
    model, data = tiny.model("iif"), tiny.dataset()
    model.fit(data, verbose=0)
    first, second = model.heads
    images = data.test.load(np.arange(6))
    features = model.features(images)
    plain = ops.convert_to_numpy(second.head(features))
    factors = inverse_image_frequency(tiny.CLASS_COUNTS, "smooth")
    np.testing.assert_allclose(model.predict(images, verbose=0), plain * factors, rtol=1e-4, atol=1e-4)
    # At a rate of 1e-4, the classifier is still near that of stage 1.
    np.testing.assert_allclose(plain, ops.convert_to_numpy(first(features)), atol=0.05)
