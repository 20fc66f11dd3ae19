"""A checkpoint of an earlier version resumes to the weights that the earlier version reached."""

import shutil

import keras
import numpy as np
import pytest

from tests.compatibility import cases


@pytest.mark.parametrize("name", cases.INTERRUPTED)
def test_an_interrupted_run_reaches_its_recorded_weights(name, tmp_path):
    folder = cases.FIXTURES / name / keras.backend.backend()
    shutil.copy(folder / "state.npz", tmp_path)
    computed = cases.weights(cases.resume(name, tmp_path, cases.dataset()))
    with np.load(folder / "final.npz") as recorded:
        assert sorted(computed) == sorted(recorded.files)
        for key, values in recorded.items():
            # The number of threads changes the order of sums, so a small entry among large ones loses digits.
            atol = 1e-6 * max(1.0, np.max(np.abs(values), initial=0))
            np.testing.assert_allclose(computed[key], values, rtol=1e-5, atol=atol, err_msg=key)
