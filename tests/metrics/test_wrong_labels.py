"""No metric counts what is no label."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.metrics import (
    BalancedAccuracy,
    ExpectedCalibrationError,
    MaximumCalibrationError,
    ShotAccuracy,
    Top1Accuracy,
)

LOGITS = np.linspace(-1, 1, 12).reshape(3, 4).astype("float32")
METRICS = {
    "top1": Top1Accuracy,
    "balanced": lambda: BalancedAccuracy(4),
    "few": lambda: ShotAccuracy("few", [200, 5, 5, 5]),
    "ece": ExpectedCalibrationError,
    "mce": MaximumCalibrationError,
}


@pytest.mark.parametrize("name", METRICS)
def test_refused_where_known(name):
    metric = METRICS[name]()
    for labels in ([0, 1, 4], [0, 1, -1], [0, 1, 0.5], [True, False, True], [[1, 1, 0, 0]] * 3):
        for given in (np.array(labels), ops.convert_to_tensor(np.array(labels))):
            with pytest.raises(ValueError, match=r"^`y_true` must .*Received: "):
                metric.update_state(given, LOGITS)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    "labels", [[3, 1, 4], [3, 1, -1], [3, 1, 0.5], [[0, 0, 0, 1.0], [1, 0, 0, 0], [1, 1, 0, 0]]]
)
def test_nan_where_unknown(name, labels, monkeypatch):
    monkeypatch.setattr("ltzoo.contracts.label_tensors.host_array", lambda value: None)
    metric = METRICS[name]()
    metric.update_state(np.array([3, 1, 0]), LOGITS)
    assert np.isfinite(float(metric.result()))
    metric.update_state(np.array(labels, "float32"), LOGITS)
    assert np.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(np.array([3, 1, 0]), LOGITS)
    assert np.isfinite(float(metric.result())) and keras.backend.standardize_dtype(metric.dtype) == "float32"
