"""Reference figures of later methods, derived in NumPy float64 from the formulas of their authors' released files.

Each module derives the case `tests/reference/NAME_01.npz` of one method, where NAME is the module's name. It has

- `SOURCE`: the repository, its commit and the files that the formulas and constants were read from;
- `derive()`: all arrays of the case: inputs, constants, values and gradients.

A constant has the value of the authors' file, and the formulas are written without this library. So a constant that
the library has wrong makes a check in `tests/reference_checks` fail. Write the cases again with

    python -m tests.reference_derivations
"""

import importlib
import pkgutil

import numpy as np


def modules():
    """The derivation of each method, by name; modules that begin with an underscore are no derivations."""
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
    )
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def arrays(module):
    """All arrays of a case file: what `derive()` returns, and where it is from."""
    source = {f"source_{key}": np.array(value) for key, value in module.SOURCE.items()}
    return {**source, **{key: np.asarray(value) for key, value in module.derive().items()}}
