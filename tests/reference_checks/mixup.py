"""`mixup_*`: mixed images, and cross-entropy on the mixed labels instead of two cross-entropies."""

import numpy as np

from ltzoo.data.augmentation.mixup import mix, soft_labels
from ltzoo.losses import CrossEntropy
from tests.reference_checks.check import Check, loss_and_gradient


def mixed(case, dtype):
    lam, order = [case["lam"]], case["permutation"]
    assert np.array_equal(case["y"][order], case["targets_b"])
    soft = mix(soft_labels(case["y"], case["logits"].shape[1]), lam, order)
    loss = CrossEntropy(dtype=dtype)
    found = loss_and_gradient(lambda z: loss(soft, z), case["logits"], dtype, gradient="grad_logits")
    return {"mixed_x": mix(case["x"], lam, order), **found}


# Images and labels are mixed in float32.
CHECKS = [Check("mixup_*", mixed, ("mixed_x", "loss"), ("grad_logits",), float64_tolerance=None)]
