"""`ece_*`: bins and calibration errors in NumPy float64, and the metrics from probabilities in float32."""

import numpy as np

from ltzoo.metrics import (
    ExpectedCalibrationError,
    MaximumCalibrationError,
    calibration_bins,
    calibration_errors,
)
from tests.reference_checks.check import Check


def bins(case, dtype):
    correct = case["predicted"] == case["targets"]
    accuracy, confidence, count = calibration_bins(case["confidence"], correct, int(case["num_bins"]))
    ece, mce = calibration_errors(accuracy, confidence, count)
    return {
        "bin_accuracy": accuracy,
        "bin_confidence": confidence,
        "bin_count": count,
        "ece": ece,
        "mce": mce,
    }


def metrics(case, dtype):
    found = {}
    for key, metric in (("ece", ExpectedCalibrationError), ("mce", MaximumCalibrationError)):
        metric = metric(int(case["num_bins"]), from_logits=False)
        for part in np.array_split(np.arange(len(case["targets"])), 3):
            metric.update_state(case["targets"][part], case["probabilities"][part].astype("float32"))
        found[key] = metric.result()
    return found


CHECKS = [
    Check(
        "ece_*",
        bins,
        ("bin_accuracy", "bin_confidence", "bin_count", "ece", "mce"),
        value_tolerance=1e-12,
        float64_tolerance=None,
        name="bins",
    ),
    Check("ece_*", metrics, ("ece", "mce"), value_tolerance=1e-5, float64_tolerance=None, name="metrics"),
]
