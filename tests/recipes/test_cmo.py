import numpy as np
import pytest

from ltzoo import recipes
from ltzoo.training import learning_rates


@pytest.mark.parametrize("epochs", [(197, 3), (40, 10), (16, 1), 20])
def test_the_rate_goes_on_as_in_one_run(epochs):
    cmo = recipes.get("cmo", epochs=epochs)
    assert cmo.stages[0].epochs > cmo.stages[1].epochs >= 1
    both = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in cmo.stages])
    schedule = recipes.step_schedule(0.1, cmo.epochs, (1e-2, 1e-4))
    np.testing.assert_allclose(both, learning_rates(schedule, cmo.epochs))
    assert [step["name"] for step in cmo.stages[0].augmentation] == ["pad_crop_flip", "cmo"]
    assert "companion" in cmo.stages[0].sampler and "companion" not in cmo.stages[1].sampler
