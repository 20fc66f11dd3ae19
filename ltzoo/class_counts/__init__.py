"""Numbers of training images per class: checked counts, long-tail profiles, shot groups and cloud sizes."""

from ltzoo.class_counts.clouds import cloud_sizes as cloud_sizes
from ltzoo.class_counts.counts import ClassCounts as ClassCounts
from ltzoo.class_counts.counts import shot_groups as shot_groups
from ltzoo.class_counts.effective_numbers import effective_number_weights as effective_number_weights
from ltzoo.class_counts.profiles import long_tail_counts as long_tail_counts
from ltzoo.class_counts.profiles import validate_imbalance_factor as validate_imbalance_factor
