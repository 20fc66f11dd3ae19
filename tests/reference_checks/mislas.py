"""Stage 2 of MiSLAS: some steps of the optimizer on scales, weights and bias, each with a learning rate of its own."""

import keras
import numpy as np
from keras import ops

from ltzoo import heads
from ltzoo.layers import BatchNormalization
from ltzoo.losses.label_aware_smoothing import label_aware_smoothing, label_aware_smoothing_factors
from ltzoo.training import SGD
from ltzoo.training.schedules import EpochSchedule, learning_rates
from tests.gradients import value_and_gradient
from tests.reference_checks.check import Check

# The published name of each weight of the head.
WEIGHTS = {"kernel": "W", "bias": "b", "class_scale": "s"}
# Of batch norm, in the order of Keras.
PUBLISHED_NORM = ("weight", "bias", "running_mean", "running_var")


def stage_2(case, dtype):
    head = heads.get({"name": "learnable_weight_scaling", "dtype": dtype}, len(case["counts"]), name="head_2")
    head.build((None, case["W0"].shape[1]))
    previous = keras.layers.Dense(len(case["counts"]), dtype=dtype)
    previous.build((None, case["W0"].shape[1]))
    previous.kernel.assign(case["W0"].T)
    previous.bias.assign(case["b0"])
    head.begin(previous, None)
    np.testing.assert_array_equal(ops.convert_to_numpy(head.class_scale.value), case["s0"])

    schedule = {"name": "cosine", "learning_rate": float(case["lr"])}
    rates = learning_rates(schedule, int(case["num_epochs"]))
    factor = float(case["lr_factor"])
    optimizer = SGD(
        EpochSchedule(rates, steps_per_epoch=1),
        momentum=float(case["momentum"]),
        l2=float(case["weight_decay"]),
        learning_rate_multipliers={"*head*/kernel": factor, "*head*/bias": factor},
    )
    variables = head.trainable_variables
    optimizer.build(variables)
    factors = label_aware_smoothing_factors(
        case["counts"], float(case["smooth_head"]), float(case["smooth_tail"])
    )
    found = {"logits": [], "loss": []}
    for features, targets in zip(case["features"], case["targets"], strict=True):
        features = ops.convert_to_tensor(features, dtype)

        def total(values, features=features, targets=targets):
            logits, _ = head.stateless_call(values, [], features)
            return ops.sum(label_aware_smoothing(targets, logits, factors=factors)) / len(targets)

        values = [ops.convert_to_numpy(variable.value) for variable in variables]
        loss, gradients = value_and_gradient(total, values, dtype)
        found["logits"].append(ops.convert_to_numpy(head(features)))
        found["loss"].append(loss)
        optimizer.apply([ops.convert_to_tensor(gradient) for gradient in gradients], variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            name = WEIGHTS[variable.name]
            after = ops.convert_to_numpy(variable.value)
            found.setdefault(f"grad_{name}", []).append(gradient.T)
            found.setdefault(f"after_{name}", []).append(after.T)
    steps = len(case["features"])
    rates = {"lr_scale": rates[:steps], "lr_classifier": factor * rates[:steps]}
    return {**{key: np.stack(values) for key, values in found.items()}, **rates, "smooth": factors}


def published_network(case, dtype):
    """Both heads of the published ResNet-32 on its features, and its first two shifted batch norms on its images."""
    dense = keras.layers.Dense(10, dtype=dtype)
    dense.build((None, 64))
    dense.kernel.assign(case["state/classifier/fc.weight"].T)
    dense.bias.assign(case["state/classifier/fc.bias"])
    head = heads.get({"name": "learnable_weight_scaling", "dtype": dtype}, 10)
    head.build((None, 64))
    head.begin(dense, None)
    head.class_scale.assign(case["state/lws/learned_norm"][0])
    feature, trained = (ops.convert_to_tensor(case[key], dtype) for key in ("feature", "train_mode_feature"))
    found = {
        "logits_stage1": dense(feature),
        "logits_stage2": head(feature),
        "train_mode_logits_stage2": head(trained),
    }

    images = case["images"].transpose(0, 2, 3, 1)
    maps = ops.convert_to_tensor(images)
    for part in ("conv1", "layer1.0.conv1"):
        kernel = ops.convert_to_tensor(case[f"state/model/{part}.weight"].transpose(2, 3, 1, 0))
        part = part.replace("conv", "bn")
        state = [case[f"state/model/{part}.{key}"] for key in PUBLISHED_NORM]
        layer = BatchNormalization(shifted=True)
        layer.build((None, None, None, 16))
        layer.set_weights(state)
        assert layer.trainable_variables == []
        maps = ops.relu(layer(ops.conv(maps, kernel, padding="same"), training=True))
        gamma, beta, mean, variance = layer.get_weights()
        np.testing.assert_array_equal([gamma, beta], state[:2])
        # PyTorch records the unbiased variance of the batch, Keras the biased one.
        batch = (variance - 0.9 * state[3]) / 0.1
        found[f"after/{part}.running_mean"] = mean
        found[f"after/{part}.running_var"] = variance + 0.1 * batch / (images[..., 0].size - 1)
    return found


CHECKS = [
    # The schedule is a table of float32 numbers, as an optimizer's rates are, hence 1e-7 in float64.
    Check(
        "mislas_stage2_*",
        stage_2,
        ("logits", "loss", "smooth", "lr_scale", "lr_classifier", "after_W", "after_b", "after_s"),
        ("grad_W", "grad_b", "grad_s"),
        float64_tolerance=1e-7,
    ),
    Check(
        "resnet32_forward_mislas_*_parts",
        published_network,
        (
            "logits_stage1",
            "logits_stage2",
            "train_mode_logits_stage2",
            *(f"after/{norm}.running_{what}" for norm in ("bn1", "layer1.0.bn1") for what in ("mean", "var")),
        ),
        value_tolerance=1e-5,
        float64_tolerance=None,
    ),
]
