"""Decide better with a trained model: correct its class shares, predict sets of classes, say "unknown"."""

from ltzoo.posthoc.class_masks import class_mask as class_mask
from ltzoo.posthoc.conformal import PredictionSets as PredictionSets
from ltzoo.posthoc.correction import Correction as Correction
from ltzoo.posthoc.deciding import abstention as abstention
from ltzoo.posthoc.deciding import decisions_of as decisions_of
from ltzoo.posthoc.deciding import prediction_sets as prediction_sets
from ltzoo.posthoc.deciding import with_decisions as with_decisions
from ltzoo.posthoc.decisions import Decisions as Decisions
from ltzoo.posthoc.fit import fit_correction as fit_correction
from ltzoo.posthoc.onnx_files import OnnxModel as OnnxModel
from ltzoo.posthoc.onnx_files import onnx_decisions as onnx_decisions
from ltzoo.posthoc.prior_estimation import PriorEstimate as PriorEstimate
from ltzoo.posthoc.prior_estimation import estimate_prior as estimate_prior
from ltzoo.posthoc.rebalance_logits import Rebalanced as Rebalanced
from ltzoo.posthoc.rebalancing import rebalance as rebalance
from ltzoo.posthoc.report import Report as Report
from ltzoo.posthoc.unknown import Unknown as Unknown
from ltzoo.posthoc.unknown import auroc as auroc
from ltzoo.posthoc.unknown import unknown_scores as unknown_scores
from ltzoo.posthoc.unknown import unknown_threshold as unknown_threshold
