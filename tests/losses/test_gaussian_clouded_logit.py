import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.class_counts import cloud_sizes
from ltzoo.losses import GaussianCloudedLogit, gaussian_clouded_logit
from tests.gradients import value_and_gradient

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"


def case(name):
    return dict(np.load(REFERENCE / f"{name}.npz"))


def close(actual, expected, tolerance):
    expected = np.asarray(expected)
    assert np.abs(np.asarray(actual, "float64") - expected).max() <= tolerance * np.abs(expected).max()


def arguments(values):
    weight = values["class_weight"] if values.get("has_class_weight", 0) else None
    return {
        "scale": float(values["s"]),
        "margin": float(values["m"]),
        "focal_gamma": float(values["gamma"]) if values["focal"] else 0.0,
        "class_weight": weight,
    }


def cloud_of(values, noise):
    return values["noise_mul"] * np.abs(noise) * cloud_sizes(values["counts"])


def test_explicit_cloud_and_scaled_input_are_the_same_loss():
    values = case("gcl_loss_02")
    cloud = cloud_of(values, values["noise"]).astype("float32")
    cosine = values["cosine"].astype("float32")
    extra = arguments(values)
    explicit = gaussian_clouded_logit(values["targets"], ops.convert_to_tensor(cosine), cloud=cloud, **extra)
    scaled = ops.convert_to_tensor((cosine - cloud) * np.float32(extra["scale"]))
    carried = gaussian_clouded_logit(values["targets"], scaled, from_cosine=False, **extra)
    np.testing.assert_allclose(ops.convert_to_numpy(explicit), ops.convert_to_numpy(carried), rtol=1e-5)


@pytest.mark.parametrize("focal_gamma, margin", [(0.0, 0.0), (0.0, 0.5), (1.0, 0.1), (2.0, 0.5)])
def test_soft_labels_equal_two_calls_with_the_same_noise(focal_gamma, margin):
    values = case("gcl_mixup_loss_01")
    lam, classes = float(values["lam"]), len(values["counts"])
    soft = lam * np.eye(classes)[values["targets_a"]] + (1 - lam) * np.eye(classes)[values["targets_b"]]
    extra = {"scale": 30.0, "margin": margin, "focal_gamma": focal_gamma}
    extra["class_weight"] = np.linspace(0.5, 2.0, classes)

    def once(cosine):
        return ops.mean(gaussian_clouded_logit(soft, cosine, **extra))

    def twice(cosine):
        first = ops.mean(gaussian_clouded_logit(values["targets_a"], cosine, **extra))
        return lam * first + (1 - lam) * ops.mean(
            gaussian_clouded_logit(values["targets_b"], cosine, **extra)
        )

    for actual, expected in zip(
        value_and_gradient(once, values["cosine"]), value_and_gradient(twice, values["cosine"]), strict=True
    ):
        close(actual, expected, 2e-6)


def test_margin_by_an_explicit_loop_over_classes():
    rng = np.random.default_rng(0)
    cosine, labels = rng.uniform(-1, 1, (4, 5)), rng.dirichlet(np.ones(5), 4)
    expected = np.zeros(4)
    for k in range(5):
        z = 12.0 * cosine
        z[:, k] -= 12.0 * 0.3
        log_p = z[:, k] - np.log(np.exp(z).sum(axis=1))
        expected += labels[:, k] * (1 - np.exp(log_p)) ** 1.5 * -log_p
    actual = gaussian_clouded_logit(
        labels, ops.convert_to_tensor(cosine, "float32"), scale=12.0, margin=0.3, focal_gamma=1.5
    )
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=1e-5)


def test_gradient_agrees_with_finite_differences():
    values = case("gcl_loss_03")
    extra = arguments(values)

    def total(cosine):
        return ops.mean(gaussian_clouded_logit(values["targets"], cosine, **extra))

    _, gradient = value_and_gradient(total, values["cosine"])
    direction = np.random.default_rng(1).standard_normal(values["cosine"].shape)
    step = 1e-3
    ahead, _ = value_and_gradient(total, values["cosine"] + step * direction)
    behind, _ = value_and_gradient(total, values["cosine"] - step * direction)
    np.testing.assert_allclose((gradient * direction).sum(), (ahead - behind) / (2 * step), rtol=2e-3)


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
@pytest.mark.parametrize("labels", [[0, 1, 2], np.full((3, 3), 1 / 3)])
def test_huge_logits_stay_finite(size, labels):
    logits = size * np.array([[1.0, -1.0, 0.0], [1.0, -1.0, 1.0], [0.0, 0.0, 0.0]])

    def total(logits):
        return ops.mean(
            gaussian_clouded_logit(
                np.asarray(labels), logits, from_cosine=False, scale=20.0, margin=0.5, focal_gamma=1.0
            )
        )

    value, gradient = value_and_gradient(total, logits)
    assert np.isfinite(value) and np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    values = case("gcl_loss_01")
    half = ops.cast(ops.convert_to_tensor(values["cosine"], "float32"), dtype)
    loss = gaussian_clouded_logit(values["targets"], half)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    full = gaussian_clouded_logit(values["targets"], ops.cast(half, "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(loss), ops.convert_to_numpy(full))


def test_column_labels_and_config():
    loss = GaussianCloudedLogit(
        scale=20.0, margin=0.1, focal_gamma=1.0, class_weight=[1, 2, 3], from_cosine=False
    )
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.get_config() == loss.get_config()
    assert copy.class_weight == [1.0, 2.0, 3.0]
    predictions = np.array([[3.0, 1.0, -2.0], [0.0, 1.0, 0.5]], "float32")
    assert float(loss(np.array([[0], [2]]), predictions)) == float(copy(np.array([0, 2]), predictions))


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"scale": 0}, "scale=0"),
        ({"focal_gamma": -1}, "focal_gamma=-1"),
        ({"class_weight": [1, 0]}, "class_weight"),
        ({"class_weight": []}, "class_weight"),
    ],
)
def test_bad_arguments(bad, message):
    with pytest.raises(ValueError, match=message):
        GaussianCloudedLogit(**bad)


def test_bad_labels_and_too_few_classes():
    with pytest.raises(ValueError, match=r"shape \(2, 4\)"):
        gaussian_clouded_logit(np.ones((2, 4)), ops.ones((2, 3)))
    with pytest.raises(ValueError, match="two classes or more"):
        gaussian_clouded_logit([0, 0], ops.ones((2, 1)))
