"""`label_aware_smoothing_*`: factors, and the loss of the published code and of the paper's Eq. 1."""

from ltzoo.losses import LabelAwareSmoothing, label_aware_smoothing_factors
from tests.reference_checks.check import Check, loss_and_gradient


def arguments(case):
    chosen = {"smooth_head": float(case["smooth_head"]), "smooth_tail": float(case["smooth_tail"])}
    power = float(case["power"]) or 1.0
    return {"class_counts": case["counts"], "shape": str(case["shape"]), "power": power, **chosen}


def factors(case, dtype):
    computed = label_aware_smoothing_factors(**arguments(case))
    return {"smooth": computed, "smooth_float32": (computed.astype("float32"), case["smooth_float32"])}


def loss(over, loss, gradient):
    def compute(case, dtype):
        built = LabelAwareSmoothing(**arguments(case), over=over, dtype=dtype)
        return loss_and_gradient(lambda z: built(case["targets"], z), case["logits"], dtype, loss, gradient)

    return Check("label_aware_smoothing_*", compute, (loss,), (gradient,), name=f"over_{over}")


CHECKS = [
    Check(
        "label_aware_smoothing_*",
        factors,
        ("smooth", "smooth_float32"),
        value_tolerance=1e-10,
        float64_tolerance=None,
        name="factors",
    ),
    loss("all", "loss", "grad_logits"),
    loss("others", "loss_paper_eq1", "grad_logits_paper_eq1"),
]
