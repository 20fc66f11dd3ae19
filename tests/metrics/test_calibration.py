import pathlib

import keras
import numpy as np
import pytest

from ltzoo.metrics import (
    ExpectedCalibrationError,
    MaximumCalibrationError,
    calibration_bins,
    calibration_errors,
)

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"
CASES = ["ece_01", "ece_02", "ece_03"]


@pytest.mark.parametrize("name", CASES)
def test_metrics_of_logits(name):
    case = np.load(REFERENCE / f"{name}.npz")
    bins = int(case["num_bins"])
    # The softmax of a logarithm rounds off the edges that one of the cases sits on.
    keep = np.abs(case["confidence"][:, None] - case["bin_edges"]).min(1) > 1e-6
    correct = (case["predicted"] == case["targets"])[keep]
    expected = calibration_errors(*calibration_bins(case["confidence"][keep], correct, bins))
    logits, targets = np.log(np.maximum(case["probabilities"][keep], 1e-30)) + 3.0, case["targets"][keep]
    for metric, value in zip(
        (ExpectedCalibrationError(bins), MaximumCalibrationError(bins)), expected, strict=True
    ):
        for part in np.array_split(np.arange(len(targets)), 3):
            metric.update_state(targets[part], logits[part].astype("float32"))
        np.testing.assert_allclose(float(metric.result()), value, rtol=1e-5)


def test_edges_belong_to_the_lower_bin_and_zero_to_none():
    accuracy, confidence, count = calibration_bins([0.0, 0.25, 0.5, 0.75, 1.0, 1.0 + 1e-12], [1] * 6, 4)
    np.testing.assert_array_equal(count, [1, 1, 1, 2])
    np.testing.assert_array_equal(accuracy, np.ones(4))
    np.testing.assert_allclose(confidence, [0.25, 0.5, 0.75, 1.0])
    assert np.isnan(calibration_errors(*calibration_bins([0.0], [1]))).all()


def test_soft_labels_weights_and_empty_state():
    metric = ExpectedCalibrationError(10, from_logits=False)
    assert np.isnan(float(metric.result()))
    metric.update_state([[0.9, 0.1], [0.2, 0.8]], [[0.75, 0.25], [0.75, 0.25]], sample_weight=[3.0, 1.0])
    assert float(metric.result()) == pytest.approx(0.0, abs=1e-6)
    metric.update_state([0], [[0.35, 0.65]])
    assert float(metric.result()) == pytest.approx(0.65 / 5, rel=1e-5)
    metric.reset_state()
    assert np.isnan(float(metric.result()))
    assert np.isnan(float(MaximumCalibrationError().result()))


def test_compiled_in_evaluate():
    case = np.load(REFERENCE / "ece_01.npz")
    logits = np.log(case["probabilities"]).astype("float32")
    model = keras.Sequential([keras.Input((logits.shape[1],)), keras.layers.Activation("linear")])
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[ExpectedCalibrationError(), MaximumCalibrationError()],
    )
    result = model.evaluate(logits, case["targets"], batch_size=128, verbose=0, return_dict=True)
    np.testing.assert_allclose(result["expected_calibration_error"], case["ece"], rtol=1e-5)
    np.testing.assert_allclose(result["maximum_calibration_error"], case["mce"], rtol=1e-5)


@pytest.mark.parametrize("cls", [ExpectedCalibrationError, MaximumCalibrationError])
def test_config(cls):
    metric = cls(num_bins=7, from_logits=False, name="calibration")
    copy = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(copy) is cls and copy.get_config() == metric.get_config()
    with pytest.raises(ValueError, match="num_bins=0"):
        cls(num_bins=0)
