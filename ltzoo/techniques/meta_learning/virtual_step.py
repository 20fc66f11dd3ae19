"""A step of gradient descent that is not taken, and the gradient through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.gradients import value_and_gradients
from ltzoo.protocols import Classifier


def gradients_through_step(
    classifier: Classifier,
    parameters: Sequence[Any],
    weigh: Callable[[list[Any], Any], Any],
    image_losses: Callable[[], Any],
    meta_loss: Callable[[], Any],
    learning_rate: Any,
) -> tuple[Any, list[Any]]:
    """Return the meta loss after a virtual step, and its gradient with respect to the parameters of the step.

    With the weights w of the classifier that train, losses l_i of images and parameters e:

        w'(e) = w - r d/dw sum_i weigh(e, l)_i l_i(w)
        result: M(w'(e)) and dM(w'(e)) / de, exactly, with the second derivatives of l.

    Nothing is changed: updates of moving statistics and random states in the two passes are dropped. The cost is that
    of about three training steps, since the backward pass of the first pass is itself differentiated.

    Args:
        classifier: the classifier that the step would change.
        parameters: tensors e.
        weigh: (parameters, losses `[B]`, which are constants) -> weight per image `[B]`.
        image_losses: computes the losses l `[B]`, with the classifier's weights.
        meta_loss: computes the scalar M, with the classifier's weights.
        learning_rate: r, a number or scalar tensor.
    """
    trained = list(classifier.trainable_variables)
    known = {id(variable) for variable in trained}
    others = [variable for variable in classifier.variables if id(variable) not in known]
    start = [ops.convert_to_tensor(variable.value) for variable in trained]
    fixed = [(variable, ops.stop_gradient(ops.convert_to_tensor(variable.value))) for variable in others]

    def at(values, function):
        pairs = list(zip(trained, values, strict=True))
        with keras.StatelessScope(state_mapping=[*pairs, *fixed]):
            return function()

    def after_step(parameters):
        def weighted(values):
            losses = at(values, image_losses)
            return ops.sum(weigh(parameters, ops.stop_gradient(losses)) * losses)

        _, directions = value_and_gradients(weighted, start)
        moved = [
            value - ops.cast(learning_rate, value.dtype) * direction
            for value, direction in zip(start, directions, strict=True)
        ]
        return at(moved, meta_loss)

    value, gradients = value_and_gradients(after_step, parameters)
    return ops.stop_gradient(value), [ops.stop_gradient(gradient) for gradient in gradients]
