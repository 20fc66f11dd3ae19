"""Accuracy by shot group and calibration, as Keras metrics and for a whole split."""

from ltzoo.metrics.accuracy import BalancedAccuracy as BalancedAccuracy
from ltzoo.metrics.accuracy import ShotAccuracy as ShotAccuracy
from ltzoo.metrics.accuracy import Top1Accuracy as Top1Accuracy
from ltzoo.metrics.alarms import Alarm as Alarm
from ltzoo.metrics.alarms import feature_alarms as feature_alarms
from ltzoo.metrics.alarms import prediction_alarms as prediction_alarms
from ltzoo.metrics.calibration import calibration_bins as calibration_bins
from ltzoo.metrics.calibration import calibration_errors as calibration_errors
from ltzoo.metrics.calibration_error import ExpectedCalibrationError as ExpectedCalibrationError
from ltzoo.metrics.calibration_error import MaximumCalibrationError as MaximumCalibrationError
from ltzoo.metrics.comparison import Difference as Difference
from ltzoo.metrics.comparison import compare as compare
from ltzoo.metrics.evaluate import evaluate as evaluate
from ltzoo.metrics.evaluate import measure as measure
from ltzoo.metrics.feature_strength import FeatureStrength as FeatureStrength
from ltzoo.metrics.feature_strength import feature_strength as feature_strength
from ltzoo.metrics.intervals import bootstrap_intervals as bootstrap_intervals
from ltzoo.metrics.intervals import wilson_interval as wilson_interval
from ltzoo.metrics.likelihood import NegativeLogLikelihood as NegativeLogLikelihood
from ltzoo.metrics.per_class import ClassResult as ClassResult
from ltzoo.metrics.per_class import GroupSize as GroupSize
from ltzoo.metrics.predictions import Predictions as Predictions
from ltzoo.metrics.probability_scores import brier_score as brier_score
from ltzoo.metrics.probability_scores import classwise_calibration_error as classwise_calibration_error
from ltzoo.metrics.result import Result as Result
from ltzoo.metrics.result import result_from_probabilities as result_from_probabilities
