"""One row of the table of reference cases: which files, how their numbers are computed here, how close they must be."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from tests.gradients import value_and_gradient

# JAX has no float64 unless it is switched on, and keras.ops.mean lowers it to float32 on PyTorch.
DTYPES = ("float32", "float64") if keras.backend.backend() == "tensorflow" else ("float32",)


@dataclasses.dataclass(frozen=True)
class Check:
    """Numbers of one kind of case file, recomputed with this library.

    Attributes:
        case: pattern of file names in `tests/reference/` without `.npz`, such as `"losses_*"`.
        compute: `compute(case, dtype)`: the loaded file (a dict of arrays) and "float32" or "float64" to
            `{key: array}`. A key is the name of the expected array in the file. An entry may also be a pair
            `(computed, expected)`, for an expected array that is a part of what the file holds.
        values: keys that are held to the tolerance of values.
        gradients: keys that are held to the tolerance of gradients. `compute` returns exactly these two sets.
        value_tolerance: greatest error in float32, as a share of the largest expected number.
        gradient_tolerance: the same of gradients.
        float64_tolerance: of values and gradients in float64, which is checked where the backend has it; None if the
            code that is tested computes in float32 whatever its inputs are.
        name: what distinguishes several checks of one family, for the test's name.
    """

    case: str
    compute: Callable[[dict, str], dict]
    values: tuple = ("loss",)
    gradients: tuple = ()
    value_tolerance: float = 2e-6
    gradient_tolerance: float = 5e-6
    float64_tolerance: float | None = 1e-10
    name: str = ""

    @property
    def dtypes(self):
        """The number types that are checked on the backend in use."""
        return DTYPES if self.float64_tolerance is not None else ("float32",)

    def run(self, values, dtype):
        """Compares all keys for one loaded case; an AssertionError names the first key that differs."""
        computed = self.compute(values, dtype)
        keys = {*self.values, *self.gradients}
        assert set(computed) == keys, (
            f"compute() returned {sorted(computed)}, the check states {sorted(keys)}"
        )
        for key, entry in computed.items():
            actual, expected = entry if isinstance(entry, tuple) else (entry, values[key])
            tolerance = self.value_tolerance if key in self.values else self.gradient_tolerance
            self._compare(key, actual, expected, self.float64_tolerance if dtype == "float64" else tolerance)

    @staticmethod
    def _compare(key, actual, expected, tolerance):
        actual = actual if isinstance(actual, np.ndarray) else ops.convert_to_numpy(actual)
        actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
        assert actual.shape == expected.shape, f"{key}: shape {actual.shape} instead of {expected.shape}"
        size = max(np.abs(expected).max(initial=0.0), np.finfo("float32").tiny)
        error = np.abs(actual - expected).max(initial=0.0) / size
        assert error <= tolerance, f"{key}: relative error {error:.2g} above {tolerance:.2g}"


def loss_and_gradient(function, x, dtype, loss="loss", gradient="grad"):
    """`{loss: value, gradient: gradient}` of a scalar function at `x`, under the names of a case file.

    With a list `x`, `function` takes the list of tensors and `gradient` is a sequence of names.
    """
    value, found = value_and_gradient(function, x, dtype)
    named = {gradient: found} if isinstance(gradient, str) else dict(zip(gradient, found, strict=True))
    return {loss: value, **named}
