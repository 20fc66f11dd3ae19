"""Classifiers of decoupled training: tau-normalization, learned scales, nearest class mean, squashed cosine."""

import numpy as np
from keras import ops

from ltzoo import heads
from ltzoo.heads.tau_normalized import tau_normalized
from ltzoo.losses import cross_entropy
from tests.gradients import value_and_gradient
from tests.reference_checks.check import Check


def head(name, case, dtype, kernel=None, **arguments):
    """A head with the case's classifier; `arguments` may hold its `scale`."""
    kernel = case["W"].T if kernel is None else kernel
    scale = arguments.pop("scale", None)
    layer = heads.get({"name": name, "dtype": dtype, **arguments}, kernel.shape[1], scale)
    layer.build((None, kernel.shape[0]))
    layer.kernel.assign(kernel)
    return layer


def tau_norm(case, dtype):
    kernels, logits = [], []
    for tau in case["tau"]:
        layer = head("tau_normalized", case, dtype, tau=float(tau))
        kernels.append(ops.convert_to_numpy(tau_normalized(layer.kernel.value, float(tau))).T)
        logits.append(ops.convert_to_numpy(layer(ops.convert_to_tensor(case["features"], dtype))))
    return {"W_normalised": np.stack(kernels), "logits": np.stack(logits)}


def learnable_weight_scaling(case, dtype):
    layer = head("learnable_weight_scaling", case, dtype, learn_kernel=False)
    layer.bias.assign(case["b"])
    assert [variable.name for variable in layer.trainable_variables] == ["class_scale"]
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def total(scale):
        features = ops.convert_to_tensor(case["features"], dtype)
        logits, _ = layer.stateless_call([scale], fixed, features)
        losses = cross_entropy(case["targets"], logits)
        return ops.sum(losses) / len(case["targets"])

    loss, gradient = value_and_gradient(total, case["s"], dtype)
    layer.class_scale.assign(case["s"])
    logits = layer(ops.convert_to_tensor(case["features"], dtype))
    return {"logits": logits, "loss": loss, "grad_s": gradient}


def nearest_class_mean(case, dtype):
    shape = case["train_features"].shape[1], int(case["train_labels"].max()) + 1
    results = {}

    def compute(features, metric):
        layer = head(
            "nearest_class_mean", case, dtype, kernel=np.zeros(shape), features=features, metric=metric
        )
        layer.set_means(case["train_features"], case["train_labels"])
        return layer, layer(ops.convert_to_tensor(case["query_features"], dtype))

    for features in ("un", "l2n", "cl2n"):
        for metric, key in (("l2", "l2"), ("dot", "cos")):
            layer, results[f"logits_{features}_{key}"] = compute(features, metric)
        results[f"centroids_{features}"] = ops.convert_to_numpy(layer.kernel.value).T
    results["mean"] = layer.center.value
    results["logits_cosine_unscaled_formula"] = compute("un", "cosine")[1]
    return results


def cosnorm_squash(case, dtype):
    layer = head("cosnorm", case, dtype)
    assert layer.scale == case["scale"]
    return {"logits": layer(ops.convert_to_tensor(case["features"], dtype))}


NCM_KEYS = tuple(
    f"{what}_{features}{metric}"
    for features in ("un", "l2n", "cl2n")
    for what, metric in (("centroids", ""), ("logits", "_l2"), ("logits", "_cos"))
)

CHECKS = [
    Check("tau_norm_*", tau_norm, ("W_normalised", "logits")),
    Check("lws_*", learnable_weight_scaling, ("logits", "loss"), ("grad_s",)),
    Check("ncm_*", nearest_class_mean, (*NCM_KEYS, "mean", "logits_cosine_unscaled_formula")),
    Check("cosnorm_squash_*", cosnorm_squash, ("logits",)),
]
