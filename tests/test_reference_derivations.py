"""Cases of later methods are what their derivations write, and the derivations stand on NumPy alone."""

import ast
import pathlib
import re

import numpy as np
import pytest

from tests import reference_derivations
from tests.reference_derivations import _formulas

MODULES = reference_derivations.modules()
FOLDER = pathlib.Path(reference_derivations.__file__).parent
REFERENCE = FOLDER.parent / "reference"


@pytest.mark.parametrize("name", MODULES)
def test_derivation_gives_the_stored_case(name):
    derived = reference_derivations.arrays(MODULES[name])
    with np.load(REFERENCE / f"{name}_01.npz") as stored:
        assert set(stored.files) == set(derived)
        for key, value in derived.items():
            assert stored[key].dtype.kind == value.dtype.kind and stored[key].shape == value.shape, key
            if value.dtype.kind == "f":
                # exp and log differ by a rounding between processors.
                np.testing.assert_allclose(stored[key], value, rtol=1e-12, atol=1e-13, err_msg=key)
            else:
                np.testing.assert_array_equal(stored[key], value, err_msg=key)


@pytest.mark.parametrize("name", MODULES)
def test_case_names_repository_commit_and_files(name):
    with np.load(REFERENCE / f"{name}_01.npz") as stored:
        repository, commit, files = (
            str(stored["source_repository"]),
            str(stored["source_commit"]),
            stored["source_files"],
        )
    if name == "ala":
        assert repository == "none: the paper, arXiv 2104.06094"
        return
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", repository)
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    assert len(files) and all(str(file) for file in files)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_derivations_import_numpy_alone(path):
    allowed = {"numpy", "tests", "importlib", "pkgutil", "pathlib"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        names += [module] if module else []
        assert {name.partition(".")[0] for name in names} <= allowed, names
        if module.startswith("tests."):
            assert module == "tests.reference_derivations._formulas"


def test_the_step_in_the_complex_plane_is_the_derivative():
    z, labels = np.random.RandomState(0).standard_normal((3, 4)), np.array([0, 2, 3])
    weights = np.array([0.5, 1.0, 2.0, 3.0])

    def function(x):
        return _formulas.cross_entropy(x * _formulas.held(x), labels, weights)

    found = _formulas.gradient(function, z)
    numeric = np.zeros_like(z)
    for index in np.ndindex(*z.shape):
        step = np.zeros_like(z)
        step[index] = 1e-6
        # The second factor is held at z.
        ahead, behind = (_formulas.cross_entropy((z + s) * z, labels, weights) for s in (step, -step))
        numeric[index] = (ahead - behind) / 2e-6
    np.testing.assert_allclose(found, numeric, atol=1e-8)
