"""`cosine_classifier_*` and `norm_fc_*`: logits of normalized classifiers, and the cosine's gradients."""

import numpy as np
from keras import ops

from ltzoo.layers import NormalizedDense
from ltzoo.layers.lengths import unit_length
from tests.gradients import value_and_gradient
from tests.reference_checks.check import Check


def logits(case, weight, dtype, **arguments):
    layer = NormalizedDense(weight.shape[1], dtype=dtype, **arguments)
    layer.build((None, weight.shape[0]))
    layer.kernel.assign(weight)
    return layer(ops.convert_to_tensor(case["features"], dtype=dtype))


def cosine(case, dtype):
    upstream = ops.convert_to_tensor(case["grad_logits"], dtype=dtype)

    def pulled(tensors):
        features, weight = (unit_length(t, axis) for t, axis in zip(tensors, (-1, 0), strict=True))
        return ops.sum(ops.matmul(features, weight) * upstream)

    _, (features, weight) = value_and_gradient(pulled, [case["features"], case["weight"]], dtype)
    # At features of length 0 the published gradient is 1e12 times the upstream one, here it is 0.
    rows = np.abs(case["features"]).sum(1) > 0
    assert not np.any(features[~rows])
    return {
        "logits": logits(case, case["weight"], dtype),
        "grad_features": (features[rows], case["grad_features"][rows]),
        "grad_weight": weight,
    }


def norm_fc(learn_scale):
    def compute(case, dtype):
        arguments = {"scale": float(case["scale"]), "learn_scale": learn_scale}
        return {
            "logits_eq7": logits(case, case["weight"].T, dtype, normalize_features=False, **arguments),
            "logits_eq8": logits(case, case["weight"].T, dtype, **arguments),
        }

    name = "learned_scale" if learn_scale else "fixed_scale"
    return Check("norm_fc_*", compute, ("logits_eq7", "logits_eq8"), value_tolerance=1e-6, name=name)


CHECKS = [
    Check(
        "cosine_classifier_*",
        cosine,
        ("logits",),
        ("grad_features", "grad_weight"),
        value_tolerance=1e-6,
        gradient_tolerance=1e-6,
    ),
    norm_fc(learn_scale=False),
    norm_fc(learn_scale=True),
]
