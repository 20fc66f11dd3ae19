"""Losses for long-tailed recognition: stateless functions of integer or soft labels and logits."""

from ltzoo.losses.adaptive_batch_confusion import AdaptiveBatchConfusion as AdaptiveBatchConfusion
from ltzoo.losses.adaptive_batch_confusion import adaptive_batch_confusion as adaptive_batch_confusion
from ltzoo.losses.adaptive_logit_adjustment import AdaptiveLogitAdjustment as AdaptiveLogitAdjustment
from ltzoo.losses.adaptive_logit_adjustment import adaptive_logit_adjustment as adaptive_logit_adjustment
from ltzoo.losses.angular_gaussian_clouded_logit import (
    AngularGaussianCloudedLogit as AngularGaussianCloudedLogit,
)
from ltzoo.losses.angular_gaussian_clouded_logit import (
    angular_gaussian_clouded_logit as angular_gaussian_clouded_logit,
)
from ltzoo.losses.balanced_softmax import BalancedSoftmax as BalancedSoftmax
from ltzoo.losses.balanced_softmax import balanced_softmax as balanced_softmax
from ltzoo.losses.class_balanced_crossentropy import ClassBalancedCrossentropy as ClassBalancedCrossentropy
from ltzoo.losses.class_balanced_crossentropy import (
    class_balanced_crossentropy as class_balanced_crossentropy,
)
from ltzoo.losses.class_balanced_focal import ClassBalancedFocal as ClassBalancedFocal
from ltzoo.losses.class_balanced_focal import class_balanced_focal as class_balanced_focal
from ltzoo.losses.class_balanced_softmax_bce import ClassBalancedSoftmaxBCE as ClassBalancedSoftmaxBCE
from ltzoo.losses.class_balanced_softmax_bce import class_balanced_softmax_bce as class_balanced_softmax_bce
from ltzoo.losses.cross_entropy import CrossEntropy as CrossEntropy
from ltzoo.losses.cross_entropy import cross_entropy as cross_entropy
from ltzoo.losses.equalization import Equalization as Equalization
from ltzoo.losses.equalization import equalization as equalization
from ltzoo.losses.focal import Focal as Focal
from ltzoo.losses.focal import focal as focal
from ltzoo.losses.gaussian_clouded_logit import GaussianCloudedLogit as GaussianCloudedLogit
from ltzoo.losses.gaussian_clouded_logit import gaussian_clouded_logit as gaussian_clouded_logit
from ltzoo.losses.generalized_reweighted_cross_entropy import (
    GeneralizedReweightedCrossEntropy as GeneralizedReweightedCrossEntropy,
)
from ltzoo.losses.generalized_reweighted_cross_entropy import (
    generalized_reweighted_cross_entropy as generalized_reweighted_cross_entropy,
)
from ltzoo.losses.label_aware_smoothing import LabelAwareSmoothing as LabelAwareSmoothing
from ltzoo.losses.label_aware_smoothing import label_aware_smoothing as label_aware_smoothing
from ltzoo.losses.label_aware_smoothing import label_aware_smoothing_factors as label_aware_smoothing_factors
from ltzoo.losses.lade import LADE as LADE
from ltzoo.losses.lade import label_distribution_regularizer as label_distribution_regularizer
from ltzoo.losses.lade import lade as lade
from ltzoo.losses.ldam import LDAM as LDAM
from ltzoo.losses.ldam import ldam as ldam
from ltzoo.losses.ldam import ldam_margins as ldam_margins
from ltzoo.losses.logit_adjustment import LogitAdjustment as LogitAdjustment
from ltzoo.losses.logit_adjustment import log_prior as log_prior
from ltzoo.losses.logit_adjustment import logit_adjustment as logit_adjustment
from ltzoo.losses.logit_adjustment import post_hoc_logit_adjustment as post_hoc_logit_adjustment
from ltzoo.losses.registry import _LOSSES
from ltzoo.losses.registry import get as get
from ltzoo.losses.registry import names as names
from ltzoo.losses.registry import register as register
from ltzoo.losses.seesaw import Seesaw as Seesaw
from ltzoo.losses.seesaw import seesaw as seesaw
from ltzoo.losses.vector_scaling import VectorScaling as VectorScaling
from ltzoo.losses.vector_scaling import vector_scaling as vector_scaling
from ltzoo.registry import import_modules

# The imports above tell type checkers the names; a new file needs no line there.
import_modules(__name__, __path__)
_LOSSES.export(globals())
