import numpy as np
import pytest
from keras import ops

from ltzoo.losses import LDAM, ldam, ldam_margins
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax

WEIGHTS = np.array([0.2, 0.5, 1.0, 2.0, 3.0])


def formula(labels, cosine, weight, scale=20.0, max_margin=0.4):
    """Eq. 10-13 of Cao et al., an image and a target class at a time."""
    margins = COUNTS**-0.25
    margins *= max_margin / margins.max()
    total = np.zeros(len(cosine))
    for i, label in enumerate(labels):
        for k, share in enumerate(label if np.ndim(label) else np.eye(5)[label]):
            moved = cosine[i : i + 1].copy()
            moved[0, k] -= margins[k]
            total[i] -= share * weight[k] * np.log(softmax(scale * moved)[0, k])
    return total


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_agrees_with_the_paper(weight):
    cosine, integers, soft = batch(bounded=True)
    expected = np.ones(5) if weight is None else weight
    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: ldam(y, z, class_counts=COUNTS, max_margin=0.4, scale=20.0, class_weight=weight),
            lambda y, z, at: formula(y, z, expected),
            cosine,
            labels,
        )
    scaled = ops.convert_to_tensor(20.0 * cosine, "float32")
    settings = {"class_counts": COUNTS, "max_margin": 0.4, "scale": 20.0, "from_cosine": False}
    actual = ops.convert_to_numpy(ldam(integers, scaled, **settings))
    np.testing.assert_allclose(actual, formula(integers, cosine, np.ones(5)), rtol=1e-5)


def test_margins():
    margins = ldam_margins([16, 1, 81], max_margin=0.6)
    np.testing.assert_allclose(margins, [0.3, 0.6, 0.2], rtol=1e-12)
    np.testing.assert_array_equal(ldam_margins([7, 7]), 0.5)


def test_deferred_weights_are_effective_numbers():
    cosine, integers, _ = batch(bounded=True)
    weight = np.array([(1 - 0.9999) / (1 - 0.9999 ** int(n)) for n in COUNTS])
    weight *= 5 / weight.sum()
    settings = {"class_counts": COUNTS, "max_margin": 0.4, "scale": 20.0}
    by_beta, by_weight = LDAM(beta=0.9999, **settings), LDAM(class_weight=weight, **settings)
    expected = formula(integers, cosine, weight).sum() / weight[integers].sum()
    for loss in (by_beta, by_weight):
        assert float(loss(integers, cosine.astype("float32"))) == pytest.approx(expected, rel=1e-5)
    assert by_beta.get_config()["beta"] == 0.9999 and by_beta.get_config()["class_weight"] is None


def test_bad_arguments():
    for bad, message in (
        ({"scale": 0}, "scale=0"),
        ({"max_margin": -1}, "max_margin=-1"),
        ({"beta": 1.0}, "beta=1.0"),
        ({"beta": 0.9, "class_weight": WEIGHTS}, "`class_weight` must be None"),
    ):
        with pytest.raises(ValueError, match=message):
            LDAM(COUNTS, **bad)
