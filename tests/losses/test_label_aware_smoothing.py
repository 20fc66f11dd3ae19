import numpy as np
import pytest
from keras import ops

from ltzoo.losses import LabelAwareSmoothing, label_aware_smoothing, label_aware_smoothing_factors
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax

FACTORS = np.array([0.4, 0.3, 0.2, 0.15, 0.1])


@pytest.mark.parametrize("over", ["all", "others"])
def test_agrees_with_the_paper(over):
    """Eq. 1 of Zhong et al. with the whole target distribution of each image written out."""
    logits, integers, soft = batch()

    def formula(labels, z, at):
        total = np.zeros(len(z))
        for i, label in enumerate(labels):
            for k, share in enumerate(label if np.ndim(label) else np.eye(5)[label]):
                if over == "all":
                    target = np.full(5, FACTORS[k] / 5)
                    target[k] += 1 - FACTORS[k]
                else:
                    target = np.full(5, FACTORS[k] / 4)
                    target[k] = 1 - FACTORS[k]
                total[i] -= share * (target * np.log(softmax(z[i : i + 1])[0])).sum()
        return total

    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: label_aware_smoothing(y, z, factors=FACTORS, over=over), formula, logits, labels
        )


def test_shapes_of_the_factors():
    counts = np.array([101, 51, 26, 1])
    half = {"concave": np.sin(np.pi / 4), "linear": 0.5, "convex": 1 - np.sin(np.pi / 4), "power": 0.25}
    for shape, middle in half.items():
        factors = label_aware_smoothing_factors(counts, 0.5, 0.1, shape, power=2.0)
        np.testing.assert_allclose(factors[[0, 1, 3]], [0.5, 0.1 + 0.4 * middle, 0.1], rtol=1e-12)
        assert (np.diff(factors) < 0).all()
    np.testing.assert_array_equal(
        label_aware_smoothing_factors(counts, shape="exp", power=0.5),
        label_aware_smoothing_factors(counts, shape="power", power=0.5),
    )


def test_balanced_counts_are_plain_label_smoothing():
    logits, integers, _ = batch()
    np.testing.assert_array_equal(label_aware_smoothing_factors([9] * 5, 0.3, 0.1), 0.3)
    loss = LabelAwareSmoothing([9] * 5, smooth_head=0.3, smooth_tail=0.1)
    target = 0.7 * np.eye(5)[integers] + 0.06
    expected = -(target * np.log(softmax(logits))).sum(1).mean()
    assert float(loss(integers, logits.astype("float32"))) == pytest.approx(expected, rel=1e-5)


def test_bad_arguments():
    for bad, message in (
        ({"smooth_head": 1.1}, "smooth_head=1.1"),
        ({"smooth_tail": -0.1}, "smooth_tail=-0.1"),
        ({"shape": "bump"}, "shape='bump'"),
        ({"power": 0}, "power=0"),
        ({"over": "none"}, "over='none'"),
    ):
        with pytest.raises(ValueError, match=message):
            LabelAwareSmoothing(COUNTS, **bad)
    with pytest.raises(ValueError, match=r"factors of shape \(5,\)"):
        label_aware_smoothing([0], ops.ones((1, 4)), factors=FACTORS)
    with pytest.raises(ValueError, match="num_classes=1"):
        label_aware_smoothing([0], ops.ones((1, 1)), factors=np.ones(1), over="others")
