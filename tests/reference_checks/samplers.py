"""`samplers_*`: the probability of each class in the published samplers. NumPy float64 on every backend."""

from ltzoo.sampling import class_probabilities
from tests.reference_checks.check import Check

CODE = {"base": 0.9999, "width": 1e-5}
STRATEGIES = {
    "p_instance_balanced": {"strategy": "instance_balanced"},
    "p_class_balanced": {"strategy": "class_balanced"},
    "p_square_root": {"strategy": "square_root"},
    "p_effective_number": {"strategy": "effective_number", "beta": 0.9999},
    "p_reversed": {"strategy": "reversed"},
    "p_cben_paper": {"strategy": "cben", "base": 0.999, "width": 0.0009},
    "p_cben_code_exact": {"strategy": "cben", **CODE},
    "p_cben_code_float32": {"strategy": "cben", **CODE, "precision": "float32"},
}


def probabilities(case, dtype):
    return {key: class_probabilities(case["counts"], **chosen) for key, chosen in STRATEGIES.items()}


CHECKS = [
    Check("samplers_*", probabilities, tuple(STRATEGIES), value_tolerance=1e-11, float64_tolerance=None)
]
