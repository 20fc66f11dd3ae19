import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses import AngularGaussianCloudedLogit, angular_gaussian_clouded_logit
from tests.gradients import value_and_gradient

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"


def arguments(values):
    return {
        "scale": float(values["s"]),
        "margin": float(values["m"]),
        "focal_gamma": float(values["gamma"]) if values["focal"] else 0.0,
        "easy_margin": bool(values["easy_margin"]),
    }


def cloud_of(values):
    return values["epsilon"] * np.abs(values["noise"]) * values["delta_normalised"]


def test_soft_labels_by_an_explicit_loop_over_classes():
    rng = np.random.default_rng(0)
    cosine, labels = rng.uniform(-1, 1, (6, 4)), rng.dirichlet(np.ones(4), 6)
    expected = np.zeros(6)
    for k in range(4):
        angle = np.zeros((6, 4))
        angle[:, k] = 0.4
        phi = np.cos(np.arccos(cosine) + angle)
        z = 8.0 * np.where(cosine > np.cos(np.pi - angle), phi, cosine - np.sin(np.pi - angle))
        expected += labels[:, k] * (np.log(np.exp(z).sum(1)) - z[:, k])
    actual = angular_gaussian_clouded_logit(
        labels, ops.convert_to_tensor(cosine, "float32"), scale=8.0, margin=0.4
    )
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=1e-5)


def test_without_cloud_and_with_scaled_input():
    values = dict(np.load(REFERENCE / "gcl_ang_loss_03.npz"))
    cosine, cloud = values["cosine"].astype("float32"), cloud_of(values).astype("float32")
    extra, targets = arguments(values), values["targets"]
    scaled = np.float32(extra["scale"]) * cosine
    for given in (None, cloud):
        plain = angular_gaussian_clouded_logit(targets, ops.convert_to_tensor(cosine), cloud=given, **extra)
        other = angular_gaussian_clouded_logit(
            targets, ops.convert_to_tensor(scaled), cloud=given, from_cosine=False, **extra
        )
        np.testing.assert_allclose(ops.convert_to_numpy(plain), ops.convert_to_numpy(other), rtol=1e-4)
    stacked = ops.convert_to_tensor(np.stack([cosine, cloud], -1))
    again = angular_gaussian_clouded_logit(targets, stacked, **extra)
    explicit = angular_gaussian_clouded_logit(targets, ops.convert_to_tensor(cosine), cloud=cloud, **extra)
    np.testing.assert_array_equal(ops.convert_to_numpy(again), ops.convert_to_numpy(explicit))
    with pytest.raises(ValueError, match="`cloud` must be None"):
        angular_gaussian_clouded_logit(targets, stacked, cloud=cloud)


@pytest.mark.parametrize("easy_margin", [False, True])
def test_parallel_and_opposite_vectors_have_finite_gradients(easy_margin):
    def total(cosine):
        return ops.mean(
            angular_gaussian_clouded_logit([0, 1, 0], cosine, margin=0.3, easy_margin=easy_margin)
        )

    value, gradient = value_and_gradient(total, np.array([[1.0, -1.0], [1.0, -1.0], [1.0001, 0.0]]))
    assert np.isfinite(value) and np.isfinite(gradient).all()


def test_config():
    loss = AngularGaussianCloudedLogit(scale=20.0, margin=0.2, class_weight=[1, 2], easy_margin=True)
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(copy) is AngularGaussianCloudedLogit
    assert copy.get_config() == loss.get_config() and copy.easy_margin is True
