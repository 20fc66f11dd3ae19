"""`disalign_*`: the head's logits and the gradients of its weights, its start, and the class weights of its loss."""

import numpy as np
from keras import ops

from ltzoo import losses, recipes
from ltzoo.heads.disalign import DisAlign
from ltzoo.losses.generalized_reweighted_cross_entropy import generalized_weights
from tests.reference_checks.check import Check, loss_and_gradient

# The library's weight -> the released one; alpha = 1 + a.
WEIGHTS = {
    "magnitude": "scale",
    "margin": "margin",
    "confidence_kernel": "confidence_kernel",
    "confidence_bias": "confidence_bias",
}
GRADIENTS = tuple(f"grad_{key}" for key in WEIGHTS.values())


def head_of(case, dtype):
    head = DisAlign(case["kernel"].shape[1], dtype=dtype)
    head.build(case["features"].shape)
    head.kernel.assign(case["kernel"])
    head.bias.assign(case["bias"])
    return head


def trained(case, dtype):
    head, config = head_of(case, dtype), recipes.get("disalign").stages[1].loss
    loss = losses.get({**config, "dtype": dtype}, class_counts=case["counts"])
    features = ops.convert_to_tensor(case["features"], dtype=dtype)
    values = [case[key] + (key == "scale") for key in WEIGHTS.values()]
    places = {getattr(head, key).path: place for place, key in enumerate(WEIGHTS)}
    assert {variable.path for variable in head.trainable_variables} == set(places)

    def logits(tensors):
        chosen = [tensors[places[variable.path]] for variable in head.trainable_variables]
        return head.stateless_call(chosen, head.non_trainable_variables, features)[0]

    return {
        **loss_and_gradient(lambda w: loss(case["targets"], logits(w)), values, dtype, gradient=GRADIENTS),
        "logits": logits([ops.convert_to_tensor(value, dtype=dtype) for value in values]),
        "exponent": loss.exponent,
        "class_weights": generalized_weights(case["counts"], loss.exponent),
    }


def fresh(case, dtype):
    """With the initial values of the constructor, and the released exponent as the default of the loss."""
    exponent = losses.GeneralizedReweightedCrossEntropy(case["counts"]).exponent
    logits = head_of(case, dtype)(np.asarray(case["features"], dtype))
    return {"initial_logits": logits, "exponent": exponent}


CHECKS = [
    Check("disalign_*", trained, ("loss", "logits", "exponent", "class_weights"), GRADIENTS, name="trained"),
    # The initializer makes 0.1 in float32 whatever the type of the weight is.
    Check("disalign_*", fresh, ("initial_logits", "exponent"), float64_tolerance=None, name="fresh"),
]
