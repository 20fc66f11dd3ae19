"""Layers that the methods for long-tailed recognition add to Keras."""

from ltzoo.layers.batch_normalization import BatchNormalization as BatchNormalization
from ltzoo.layers.bottleneck_adapter import BottleneckAdapter as BottleneckAdapter
from ltzoo.layers.cam_calibration import CAMCalibration as CAMCalibration
from ltzoo.layers.flip_average import FlipAverage as FlipAverage
from ltzoo.layers.gaussian_cloud import GaussianCloud as GaussianCloud
from ltzoo.layers.learnable_weight_scaling import LearnableWeightScaling as LearnableWeightScaling
from ltzoo.layers.logit_correction import LogitCorrection as LogitCorrection
from ltzoo.layers.logit_rectification import LogitRectification as LogitRectification
from ltzoo.layers.low_rank_update import LowRankUpdate as LowRankUpdate
from ltzoo.layers.norm_ball import NormBall as NormBall
from ltzoo.layers.normalized_batch_normalization import (
    NormalizedBatchNormalization as NormalizedBatchNormalization,
)
from ltzoo.layers.normalized_dense import NormalizedDense as NormalizedDense
from ltzoo.layers.normalized_dense import UnitColumns as UnitColumns
from ltzoo.layers.padded_shortcut import PaddedShortcut as PaddedShortcut
from ltzoo.layers.prior_bias import PriorBias as PriorBias
from ltzoo.layers.reverse_channels import ReverseChannels as ReverseChannels
from ltzoo.layers.shared_magnitude import SharedMagnitude as SharedMagnitude
from ltzoo.layers.shifted_crops import ShiftedCropEncoder as ShiftedCropEncoder
from ltzoo.layers.token_pooling import TokenPooling as TokenPooling
