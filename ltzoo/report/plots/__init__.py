"""Figures of a long-tailed experiment; each function returns a matplotlib `Figure`."""

from ltzoo.report.plots.accuracy import SINGLE_CLASSES as SINGLE_CLASSES
from ltzoo.report.plots.accuracy import class_accuracy as class_accuracy
from ltzoo.report.plots.cam import activation_maps as activation_maps
from ltzoo.report.plots.confusion import confusion_matrix as confusion_matrix
from ltzoo.report.plots.counts import class_counts as class_counts
from ltzoo.report.plots.curves import training_curves as training_curves
from ltzoo.report.plots.evidence import evidence_maps as evidence_maps
from ltzoo.report.plots.features import feature_map as feature_map
from ltzoo.report.plots.norms import weight_norms as weight_norms
from ltzoo.report.plots.reliability import reliability_diagram as reliability_diagram
