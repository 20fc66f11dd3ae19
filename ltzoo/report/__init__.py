"""Tables, plots and the HTML report of an experiment."""

from ltzoo.report.activation_maps import ActivationMaps as ActivationMaps
from ltzoo.report.activation_maps import tail_activation_maps as tail_activation_maps
from ltzoo.report.classifier_norms import classifier_norms as classifier_norms
from ltzoo.report.html import write_report as write_report
from ltzoo.report.table import results_table as results_table
