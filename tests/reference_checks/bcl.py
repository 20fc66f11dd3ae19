"""`bcl_*`: the technique on ImageNet-LT and iNaturalist 2018, and the contrast with its default temperature."""

import numpy as np
from keras import ops

from ltzoo import losses, recipes, techniques
from ltzoo.losses.balanced_contrastive import balanced_contrastive
from tests.reference_checks.check import Check, loss_and_gradient

INPUTS = ("logits", "features", "prototypes")
CONSTANTS = ("classification_weight", "contrastive_weight", "temperature", "units", "views")


def published(dataset):
    def compute(case, dtype):
        stage = recipes.published("bcl", dataset).stages[0]
        technique = techniques.get(stage.technique, class_counts=case["counts"], seed=0)
        classify = losses.get({**stage.loss, "dtype": dtype}, class_counts=case["counts"])

        def total(tensors):
            logits, *kept = tensors
            return technique.loss(None, ops.convert_to_tensor(case["targets"]), logits, kept, classify)

        inputs = [case[key] for key in INPUTS]
        computed = loss_and_gradient(total, inputs, dtype, gradient=[f"grad_{key}" for key in INPUTS])
        return {**computed, **{key: getattr(technique, key) for key in CONSTANTS}}

    gradients = tuple(f"grad_{key}" for key in INPUTS)
    return Check("bcl_*", compute, ("loss", *CONSTANTS), gradients, name=dataset)


def default(case, dtype):
    features, prototypes = (ops.convert_to_tensor(case[key], dtype=dtype) for key in INPUTS[1:])
    labels = np.concatenate([case["targets"], case["targets"]])
    return {"contrast_default": ops.mean(balanced_contrastive(labels, features, prototypes))}


CHECKS = [
    published("imagenet_lt"),
    published("inaturalist2018"),
    Check("bcl_*", default, ("contrast_default",), name="default"),
]
