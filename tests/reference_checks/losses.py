"""`losses_*`: LDAM, focal, class-balanced, balanced softmax and logit adjustment."""

from ltzoo import losses
from ltzoo.class_counts import effective_number_weights
from tests.reference_checks.check import Check, loss_and_gradient

BETAS = {"9": 0.9, "99": 0.99, "999": 0.999, "9999": 0.9999}
GAMMAS = {"0p5": 0.5, "1p0": 1.0, "2p0": 2.0}


def batch_loss(make, loss, gradient, inputs="logits"):
    """A row for a loss object `make(case, dtype)` on the case's `inputs` (a key, or a function of the case)."""

    def compute(case, dtype):
        built = make(case, dtype)
        x = case[inputs] if isinstance(inputs, str) else inputs(case)
        return loss_and_gradient(lambda z: built(case["targets"], z), x, dtype, loss, gradient)

    return Check("losses_*", compute, (loss,), (gradient,), name=loss)


def ldam(loss, gradient, inputs="cosine", **arguments):
    def make(case, dtype):
        weight = case["class_weight"] if "weighted" in loss else None
        return losses.LDAM(case["counts"], class_weight=weight, dtype=dtype, **arguments)

    return batch_loss(make, loss, gradient, inputs)


def focal(tag, gamma, detach=False, weighted=False):
    kind = "_detached" if detach else "_weighted" if weighted else ""

    def make(case, dtype):
        weight = case["class_weight"] if weighted else None
        return losses.Focal(gamma, class_weight=weight, detach=detach, dtype=dtype)

    return batch_loss(make, f"focal{kind}_loss_gamma{tag}", f"focal{kind}_grad_gamma{tag}")


def cb_softmax(tag, beta, average):
    def make(case, dtype):
        return losses.ClassBalancedCrossentropy(case["counts"], beta, average, dtype=dtype)

    mean = {"weights": "weighted_mean", "batch": "batch_mean"}[average]
    return batch_loss(make, f"cb_softmax_loss_{mean}_{tag}", f"cb_softmax_grad_{mean}_{tag}")


def cb_sigmoid(tag, beta):
    def make(case, dtype):
        return losses.ClassBalancedFocal(case["counts"], beta, gamma=1.0, dtype=dtype)

    return batch_loss(make, f"cb_sigmoid_focal_gamma1_loss_{tag}", f"cb_sigmoid_focal_gamma1_grad_{tag}")


def numbers_of_counts(case, dtype):
    raw = {
        f"cb_weights_raw_{tag}": effective_number_weights(case["counts"], beta, normalize=False)
        for tag, beta in BETAS.items()
    }
    weights = {
        f"cb_weights_{tag}": effective_number_weights(case["counts"], beta) for tag, beta in BETAS.items()
    }
    return {**raw, **weights, "ldam_margin": losses.ldam_margins(case["counts"])}


def post_hoc(case, dtype):
    adjusted = losses.post_hoc_logit_adjustment(
        case["logits"].astype(dtype), case["counts"], float(case["logit_adjust_tau"])
    )
    return {"logit_adjust_posthoc": adjusted}


CHECKS = [
    Check(
        "losses_*",
        numbers_of_counts,
        ("ldam_margin", *(f"cb_weights_{kind}{tag}" for kind in ("raw_", "") for tag in BETAS)),
        value_tolerance=1e-10,
        float64_tolerance=None,
        name="numbers_of_counts",
    ),
    Check("losses_*", post_hoc, ("logit_adjust_posthoc",), name="post_hoc"),
    ldam("ldam_loss", "ldam_grad"),
    ldam("ldam_weighted_loss", "ldam_weighted_grad"),
    ldam(
        "ldam_unscaled_input_loss",
        "ldam_unscaled_input_grad",
        inputs=lambda case: 30.0 * case["cosine"],
        from_cosine=False,
    ),
    *(focal(*item) for item in GAMMAS.items()),
    *(focal(*item, detach=True) for item in GAMMAS.items()),
    *(focal(*item, weighted=True) for item in GAMMAS.items()),
    *(cb_softmax(*item, average) for item in BETAS.items() for average in ("weights", "batch")),
    *(cb_sigmoid(*item) for item in BETAS.items()),
    batch_loss(
        lambda case, dtype: losses.BalancedSoftmax(case["counts"], dtype=dtype),
        "balanced_softmax_loss",
        "balanced_softmax_grad",
    ),
    batch_loss(
        lambda case, dtype: losses.LogitAdjustment(
            case["counts"], float(case["logit_adjust_tau"]), dtype=dtype
        ),
        "logit_adjust_loss",
        "logit_adjust_grad",
    ),
]
