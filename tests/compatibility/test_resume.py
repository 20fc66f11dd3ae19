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
    with np.load(folder / "final.npz") as recorded, np.load(folder / "state.npz") as interrupted:
        assert sorted(computed) == sorted(recorded.files)
        moved = 0.0
        for key, values in recorded.items():
            # Processors and numbers of threads add in other orders: between one thread and two, weights differ by up to
            # 1.5e-6. So a small entry among large ones loses digits.
            atol = 3e-6 * max(1.0, np.max(np.abs(values), initial=0))
            np.testing.assert_allclose(computed[key], values, rtol=1e-5, atol=atol, err_msg=key)
            before = interrupted[f"model/{int(key)}"]
            moved = max(moved, float(np.max(np.abs(values - before), initial=0)) / atol)
        assert moved > 1000  # What was trained since the interruption is far above these differences.
