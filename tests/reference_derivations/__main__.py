"""`python -m tests.reference_derivations` writes all cases into `tests/reference` again."""

import pathlib

import numpy as np

from tests import reference_derivations

REFERENCE = pathlib.Path(__file__).parent.parent / "reference"

if __name__ == "__main__":
    for name, module in reference_derivations.modules().items():
        path = REFERENCE / f"{name}_01.npz"
        np.savez_compressed(path, **reference_derivations.arrays(module))
        print(f"{path.name}: {path.stat().st_size} bytes")
