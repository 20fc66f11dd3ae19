"""Tables, plots and the HTML report of an experiment."""

from ltzoo.report.activation_maps import ActivationMaps as ActivationMaps
from ltzoo.report.activation_maps import tail_activation_maps as tail_activation_maps
from ltzoo.report.audit_page import write_audit as write_audit
from ltzoo.report.classifier_norms import classifier_norms as classifier_norms
from ltzoo.report.evidence_maps import EvidenceMaps as EvidenceMaps
from ltzoo.report.evidence_maps import evidence_maps as evidence_maps
from ltzoo.report.feature_map import FeatureMap as FeatureMap
from ltzoo.report.feature_map import feature_map as feature_map
from ltzoo.report.gallery import Gallery as Gallery
from ltzoo.report.gallery import gather as gather
from ltzoo.report.html import write_report as write_report
from ltzoo.report.table import results_table as results_table
