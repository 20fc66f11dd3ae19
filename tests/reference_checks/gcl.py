"""`gcl_loss_*`, `gcl_mixup_loss_*` and `gcl_ang_loss_*`: the clouded losses, hard labels written as soft ones too.

float32 holds logits of 30 to 2e-6 and their differences, hence the loss, to about 1e-6 of its size; the angles of the
angular variant a little less.
"""

import numpy as np
from keras import ops

from ltzoo.class_counts import cloud_sizes
from ltzoo.losses import AngularGaussianCloudedLogit, GaussianCloudedLogit, gaussian_clouded_logit
from tests.reference_checks.check import Check, loss_and_gradient


def arguments(case):
    chosen = {
        "scale": float(case["s"]),
        "margin": float(case["m"]),
        "focal_gamma": float(case["gamma"]) if case["focal"] else 0.0,
    }
    if case.get("has_class_weight", 0):
        chosen["class_weight"] = case["class_weight"]
    return chosen


def cloud_of(case, noise, dtype):
    sizes = cloud_sizes(case["counts"])
    return ops.convert_to_tensor(case["noise_mul"] * np.abs(noise) * sizes, dtype=dtype)


def labels_of(case, soft):
    return np.eye(case["cosine"].shape[1])[case["targets"]] if soft else case["targets"]


def clouded(soft):
    def compute(case, dtype):
        loss, cloud = (
            GaussianCloudedLogit(**arguments(case), dtype=dtype),
            cloud_of(case, case["noise"], dtype),
        )
        labels = labels_of(case, soft)
        return loss_and_gradient(
            lambda x: loss(labels, x - cloud), case["cosine"], dtype, gradient="grad_cosine"
        )

    return check("gcl_loss_*", compute, "soft" if soft else "hard")


def mixed(case, dtype):
    lam = float(case["lam"])

    def one(cosine, targets, noise):
        cloud = cloud_of(case, noise, dtype)
        return ops.mean(gaussian_clouded_logit(targets, cosine, cloud=cloud, **arguments(case)))

    def total(cosine):
        first = one(cosine, case["targets_a"], case["noise_a"])
        return lam * first + (1 - lam) * one(cosine, case["targets_b"], case["noise_b"])

    return loss_and_gradient(total, case["cosine"], dtype, gradient="grad_cosine")


def angular(soft):
    def compute(case, dtype):
        easy = bool(case["easy_margin"])
        loss = AngularGaussianCloudedLogit(**arguments(case), easy_margin=easy, dtype=dtype)
        cloud = case["epsilon"] * np.abs(case["noise"]) * case["delta_normalised"]
        cloud, labels = ops.convert_to_tensor(cloud, dtype=dtype), labels_of(case, soft)

        def total(cosine):
            return loss(labels, ops.stack([cosine, cloud], axis=-1))

        return loss_and_gradient(total, case["cosine"], dtype, gradient="grad_cosine")

    return check("gcl_ang_loss_*", compute, "soft" if soft else "hard", tolerance=3e-6)


def check(case, compute, name="", tolerance=2e-6):
    tolerances = {"value_tolerance": tolerance, "gradient_tolerance": tolerance}
    return Check(case, compute, gradients=("grad_cosine",), name=name, **tolerances)


CHECKS = [
    clouded(soft=False),
    clouded(soft=True),
    check("gcl_mixup_loss_*", mixed),
    angular(soft=False),
    angular(soft=True),
]
