"""Losses for long-tailed recognition: stateless functions of integer or soft labels and logits."""

from ltzoo.losses.adaptive_logit_adjustment import AdaptiveLogitAdjustment as AdaptiveLogitAdjustment
from ltzoo.losses.adaptive_logit_adjustment import adaptive_logit_adjustment as adaptive_logit_adjustment
from ltzoo.losses.angular_gaussian_clouded_logit import (
    AngularGaussianCloudedLogit as AngularGaussianCloudedLogit,
)
from ltzoo.losses.angular_gaussian_clouded_logit import (
    angular_gaussian_clouded_logit as angular_gaussian_clouded_logit,
)
from ltzoo.losses.cross_entropy import CrossEntropy as CrossEntropy
from ltzoo.losses.cross_entropy import cross_entropy as cross_entropy
from ltzoo.losses.equalization import Equalization as Equalization
from ltzoo.losses.equalization import equalization as equalization
from ltzoo.losses.gaussian_clouded_logit import GaussianCloudedLogit as GaussianCloudedLogit
from ltzoo.losses.gaussian_clouded_logit import gaussian_clouded_logit as gaussian_clouded_logit
from ltzoo.losses.generalized_reweighted_cross_entropy import (
    GeneralizedReweightedCrossEntropy as GeneralizedReweightedCrossEntropy,
)
from ltzoo.losses.generalized_reweighted_cross_entropy import (
    generalized_reweighted_cross_entropy as generalized_reweighted_cross_entropy,
)
from ltzoo.losses.lade import LADE as LADE
from ltzoo.losses.lade import label_distribution_regularizer as label_distribution_regularizer
from ltzoo.losses.lade import lade as lade
from ltzoo.losses.registry import get as get
from ltzoo.losses.registry import names as names
from ltzoo.losses.registry import register as register
from ltzoo.losses.seesaw import Seesaw as Seesaw
from ltzoo.losses.seesaw import seesaw as seesaw
