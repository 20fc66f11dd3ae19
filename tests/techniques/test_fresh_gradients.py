"""Every step has its own gradients, also for the variables of techniques."""

import keras
import numpy as np
import pytest

from tests import tiny


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the other backends keep no gradients")
@pytest.mark.parametrize("recipe", ["paco", "bcl", "cross_entropy"])
def test_no_gradient_of_the_last_step_is_left(recipe):
    model = tiny.model(recipe)
    model.fit(tiny.dataset(), verbose=0)
    model.enter_stage(0)
    for variable in model.trainable_variables:
        variable.value.grad = variable.value.detach().clone()
    model.zero_grad()
    left = [variable.path for variable in model.trainable_variables if variable.value.grad is not None]
    assert not left
    assert all(np.isfinite(array).all() for array in tiny.weights(model))
