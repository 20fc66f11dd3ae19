"""Class activation map calibration: the layer's scores by Eq. 6 and 8, its maps, and the classifier of Eq. 7."""

import numpy as np
from keras import ops

from ltzoo.layers import CAMCalibration, NormalizedDense
from ltzoo.layers.calibrated_scores import activation_and_fused_maps, fold_prototypes
from ltzoo.losses import cross_entropy
from tests.gradients import value_and_gradient
from tests.reference_checks.check import Check

WEIGHTS = ("prototypes", "fusion_kernel", "fusion_bias")


def scorer(case, dtype, **arguments):
    """Function [feature map, kernel, prototypes, fusion kernel, fusion bias] -> scores by the layer."""
    counts = np.where(np.isin(np.arange(int(case["num_classes"])), case["tail_classes"]), 5, 50)
    side = case["fusion_kernel"].shape[1]
    layer = CAMCalibration(counts, threshold=20, kernel_size=side, dtype=dtype, **arguments)
    layer.build((None, *case["features"].shape[1:]))
    return lambda tensors: layer.stateless_call(tensors[1:], [], tensors[0])[0]


def calibration(case, dtype):
    arrays = [case["features"], case["classifier_weight"].T, *(case[key] for key in WEIGHTS)]
    tensors = [ops.convert_to_tensor(array, dtype) for array in arrays]
    eq6 = scorer(case, dtype, scale=1.0, normalize_kernel=False)
    eq8 = scorer(case, dtype, scale=float(case["scale_stage2"]))

    def total(tensors):
        return ops.sum(cross_entropy(case["targets"], eq8(tensors))) / len(case["targets"])

    loss, gradients = value_and_gradient(total, arrays, dtype)
    features, kernel, weight, *others = gradients
    found = {f"grad_{key}": value for key, value in zip(WEIGHTS, (weight, *others), strict=True)}
    filters = fold_prototypes(tensors[2], tensors[3])
    directions = tensors[1][:, : len(case["tail_classes"])]
    _, fused = activation_and_fused_maps(tensors[0], directions, filters, tensors[4])
    images, height, width = case["features"].shape[:3]
    fused = ops.transpose(ops.reshape(fused, (images, height, width, -1)), (3, 0, 1, 2))
    return {
        "scores_eq6": eq6(tensors),
        "scores_eq8": eq8(tensors),
        "fused_map": fused,
        "gate": ops.sigmoid(fused),
        "loss_eq8": loss,
        "grad_features": features,
        "grad_classifier_weight": kernel.T,
        **found,
    }


def first_stage(case, dtype):
    weight = case["classifier_weight"]
    layer = NormalizedDense(
        len(weight), scale=float(case["scale_stage1"]), normalize_features=False, dtype=dtype
    )
    layer.build((None, weight.shape[1]))
    layer.kernel.assign(weight.T)
    return {"scores_eq7": layer(ops.convert_to_tensor(case["plain_embedding"], dtype))}


CHECKS = [
    Check(
        "camc_*",
        calibration,
        values=("scores_eq6", "scores_eq8", "fused_map", "gate", "loss_eq8"),
        gradients=("grad_features", "grad_classifier_weight", *(f"grad_{key}" for key in WEIGHTS)),
        name="calibration",
    ),
    Check("camc_*", first_stage, values=("scores_eq7",), name="first_stage"),
]
