"""The table of reference cases: every case file of `tests/reference/` against this library, value and gradient.

A family of cases is a module of `tests/reference_checks/` with a list `CHECKS` of `Check`; it is found by itself.
A row says which files it takes, how the numbers are computed here and how close they must come:

    from ltzoo.losses import balanced_softmax
    from tests.reference_checks.check import Check, loss_and_gradient

    def compute(case, dtype):
        def total(logits):
            return ops.mean(balanced_softmax(case["targets"], logits, class_counts=case["counts"]))
        return loss_and_gradient(total, case["logits"], dtype, "balanced_softmax_loss", "balanced_softmax_grad")

    CHECKS = [Check("losses_*", compute, ("balanced_softmax_loss",), ("balanced_softmax_grad",))]

All tests run on the backend in use, so one run a backend covers "each case file x each backend".
"""

import fnmatch
import importlib
import pathlib
import pkgutil
import re

import numpy as np
import pytest

from tests import reference_checks
from tests.reference_checks.check import Check

REFERENCE = pathlib.Path(__file__).parent / "reference"
FILES = sorted(path.stem for path in REFERENCE.glob("*.npz"))
MODULES = [
    importlib.import_module(f"{reference_checks.__name__}.{module.name}")
    for module in pkgutil.iter_modules(reference_checks.__path__)
]


def rows():
    for module in MODULES:
        family = module.__name__.rpartition(".")[2]
        for check in getattr(module, "CHECKS", ()):
            files = fnmatch.filter(FILES, check.case)
            # A pattern without a file must fail, not vanish.
            for file in files or [None]:
                for dtype in check.dtypes:
                    name = "-".join(part for part in (family, check.name, file or check.case, dtype) if part)
                    yield pytest.param(check, file, dtype, id=name)


@pytest.mark.parametrize("check, file, dtype", rows())
def test_agrees_with_reference(check, file, dtype):
    assert file is not None, f"no file in tests/reference/ matches {check.case!r}"
    with np.load(REFERENCE / f"{file}.npz") as stored:
        check.run(dict(stored), dtype)


def test_every_case_file_is_checked_somewhere():
    """Files that no row takes (subsets, sampler orders, schedules, whole networks) are named by a test module."""
    patterns = [check.case for module in MODULES for check in getattr(module, "CHECKS", ())]
    others = [path for path in REFERENCE.parent.rglob("test_*.py") if path != pathlib.Path(__file__)]
    text = "\n".join(path.read_text() for path in others)
    families = {file: file.rstrip("0123456789").rstrip("_") for file in FILES}
    unchecked = [
        file
        for file, family in families.items()
        if file not in text
        and not any(fnmatch.fnmatch(file, pattern) for pattern in patterns)
        and not re.search(rf"[\"'/]{family}(_\d|_{{|_\*|\.npz|[\"'])", text)
    ]
    assert not unchecked


def test_a_wrong_number_shape_or_key_is_noticed():
    def check(computed, **settings):
        Check("any", lambda case, dtype: {"loss": np.array(computed)}, **settings).run(
            {"loss": np.array([1.0, 2.0])}, "float32"
        )

    check([1.0, 2.0 + 2e-6])
    with pytest.raises(AssertionError, match="loss: relative error 5e-06 above 2e-06"):
        check([1.0, 2.0 + 1e-5])
    with pytest.raises(AssertionError, match="shape"):
        check([1.0])
    with pytest.raises(AssertionError, match="the check states"):
        check([1.0, 2.0], gradients=("grad",))
