"""Samplers: which images are drawn, how often and in which order."""

from ltzoo.sampling.batches import SampledBatches as SampledBatches
from ltzoo.sampling.batches import original_errors as original_errors
from ltzoo.sampling.batches import tf_batches as tf_batches
from ltzoo.sampling.batches import tf_pipeline as tf_pipeline
from ltzoo.sampling.class_sampler import ClassSampler as ClassSampler
from ltzoo.sampling.grouped import GroupedSampler as GroupedSampler
from ltzoo.sampling.grouped import make_sampler as make_sampler
from ltzoo.sampling.head_classes import split_head_tail as split_head_tail
from ltzoo.sampling.probabilities import class_probabilities as class_probabilities
from ltzoo.sampling.streams import StreamSampler as StreamSampler
from ltzoo.sampling.streams import reads_per_image as reads_per_image
from ltzoo.sampling.tail_groups import TailGroupSampler as TailGroupSampler
