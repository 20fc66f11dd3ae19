"""NBN: the layer, a magnitude that two layers share, logit rectification, and ResNet-32 with all of them."""

import numpy as np
from keras import ops

from ltzoo.layers import LogitRectification, NormalizedBatchNormalization
from tests.gradients import value_and_gradient
from tests.published import classifier, outputs, stored
from tests.reference_checks.check import Check


def channels_last(array):
    return np.moveaxis(array, 1, -1)


def channels_first(tensor):
    return np.moveaxis(ops.convert_to_numpy(tensor), -1, 1)


def unbiased(variance, old, count):
    """The moving variance as the published code has it, from the one that records the biased variance."""
    return old * 0.9 + (ops.convert_to_numpy(variance) - old * 0.9) * count / (count - 1)


def nbn_layer(radius):
    """The compute function of a layer with that bias radius."""

    def compute(case, dtype):
        layer = NormalizedBatchNormalization(bias_radius=radius, dtype=dtype)
        x = channels_last(case["x"])
        layer.build((None, *x.shape[1:]))
        fixed = [ops.convert_to_tensor(case[key], dtype) for key in ("running_mean", "running_var")]
        fixed = [*fixed, *(variable.value for variable in (layer.gamma_factor, layer.beta_factor))]
        upstream = ops.convert_to_tensor(channels_last(case["grad_y"]), dtype)

        def total(training):
            def function(tensors):
                outputs, _ = layer.stateless_call(tensors[1:], fixed, tensors[0], training=training)
                return ops.sum(outputs * upstream)

            return function

        weights = [case["gamma_direction"], case["beta_direction"], case["g"]]
        tensors = [ops.convert_to_tensor(weight, dtype) for weight in weights]
        inputs = ops.convert_to_tensor(x, dtype)
        y_train, after = layer.stateless_call(tensors, fixed, inputs, training=True)
        y_eval, _ = layer.stateless_call(tensors, fixed, inputs, training=False)
        _, gradients = value_and_gradient(total(True), [x, *weights], dtype)
        _, eval_gradients = value_and_gradient(total(False), [x, *weights], dtype)
        for variable, weight in zip(layer.trainable_variables, weights, strict=True):
            variable.assign(weight)
        gamma, beta = layer.effective_parameters(dtype=dtype)
        keys = ("gamma", "beta", "g")
        return {
            "effective_gamma": gamma,
            "effective_beta": beta,
            "y_train": channels_first(y_train),
            "y_eval": channels_first(y_eval),
            "running_mean_after": after[0],
            "running_var_after_if_biased": after[1],
            "running_var_after": unbiased(after[1], case["running_var"], x[..., 0].size),
            "grad_x": channels_first(gradients[0]),
            **{f"grad_{key}": value for key, value in zip(keys, gradients[1:], strict=True)},
            **{f"eval_grad_{key}": value for key, value in zip(keys, eval_gradients[1:], strict=True)},
        }

    return compute


def shared_magnitude(case, dtype):
    layers = [NormalizedBatchNormalization(bias_radius=0.0, dtype=dtype) for _ in range(2)]
    x = channels_last(case["x"])
    for layer in layers:
        layer.build([(None, *x.shape[1:]), ()])
    fixed = [[v.value for v in layer.non_trainable_variables] for layer in layers]
    inputs, upstream = (ops.convert_to_tensor(array, dtype) for array in (x, channels_last(case["grad_y"])))

    def outputs(tensors):
        g, *directions = tensors
        first, _ = layers[0].stateless_call(directions[:2], fixed[0], [inputs, g], training=True)
        return layers[1].stateless_call(directions[2:], fixed[1], [ops.relu(first), g], training=True)[0]

    keys = ("gamma_direction_1", "beta_direction_1", "gamma_direction_2", "beta_direction_2")
    arrays = [case["g"], *(case[key] for key in keys)]
    _, gradients = value_and_gradient(lambda tensors: ops.sum(outputs(tensors) * upstream), arrays, dtype)
    names = ("grad_g", "grad_gamma_1", "grad_beta_1", "grad_gamma_2", "grad_beta_2")
    return {
        "y_train": channels_first(outputs([ops.convert_to_tensor(array, dtype) for array in arrays])),
        **dict(zip(names, gradients, strict=True)),
    }


def logit_rectification(case, dtype):
    layer = LogitRectification(affine=bool(case["affine"]), dtype=dtype)
    layer.build((None, len(case["b"])))
    affine = [ops.convert_to_tensor(case[key], dtype) for key in ("gamma", "beta") if case["affine"]]
    fixed = [ops.convert_to_tensor(case[key], dtype) for key in ("running_mean", "running_var")]
    upstream = ops.convert_to_tensor(case["grad_z"], dtype)

    def rectified(tensors, training):
        features, weight, bias = tensors
        logits = ops.matmul(features, ops.transpose(weight)) + bias
        return layer.stateless_call(affine, fixed, logits, training=training)

    arrays = [case["features"], case["W"], case["b"]]
    tensors = [ops.convert_to_tensor(array, dtype) for array in arrays]
    z_train, after = rectified(tensors, True)
    _, gradients = value_and_gradient(lambda x: ops.sum(rectified(x, True)[0] * upstream), arrays, dtype)
    # A bias before the standardization has no effect: its gradient is rounding noise in both.
    assert np.abs(gradients[2]).max() < 1e-5 and np.abs(case["grad_b"]).max() < 1e-10
    return {
        "z_train": z_train,
        "z_eval": rectified(tensors, False)[0],
        "running_mean_after": after[0],
        "running_var_after": unbiased(after[1], case["running_var"], len(case["features"])),
        "grad_features": gradients[0],
        "grad_W": gradients[1],
    }


def resnet32(case, dtype):
    parts = stored(case)
    head = {f"fc.{name}": array for name, array in parts["head"].items()}
    model = classifier("resnet32", "nbn", 10, {"state_dict": {**parts["model"], **head}})
    return outputs(model, case["images"])


LAYER_VALUES = ("effective_gamma", "effective_beta", "y_train", "y_eval", "running_mean_after")
LAYER_VALUES += ("running_var_after", "running_var_after_if_biased")
LAYER_GRADIENTS = ("grad_x", "grad_gamma", "grad_beta", "grad_g")
LAYER_GRADIENTS += ("eval_grad_gamma", "eval_grad_beta", "eval_grad_g")

CHECKS = [
    Check("nbn_layer_*", nbn_layer(0.0), LAYER_VALUES, LAYER_GRADIENTS, name="published"),
    # Where the bias has a direction, the default is the published layer; case 02 is the start from zero.
    Check("nbn_layer_0[13]", nbn_layer(0.1), LAYER_VALUES, LAYER_GRADIENTS, name="default"),
    Check(
        "nbn_shared_magnitude_*",
        shared_magnitude,
        ("y_train",),
        ("grad_g", "grad_gamma_1", "grad_beta_1", "grad_gamma_2", "grad_beta_2"),
    ),
    Check(
        "logit_rectification_*",
        logit_rectification,
        ("z_train", "z_eval", "running_mean_after", "running_var_after"),
        ("grad_features", "grad_W"),
    ),
    Check(
        "resnet32_forward_nbn_derived_*",
        resnet32,
        ("last_feature_map", "feature", "logits"),
        value_tolerance=1e-4,
        float64_tolerance=None,
        name="resnet32",
    ),
]
