"""Stochastic gradient descent in the form that the published results were trained with."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class SGD(keras.optimizers.SGD):
    """SGD whose weight decay is an L2 gradient and whose momentum does not remember old learning rates.

        g = gradient + l2 * p
        v = momentum * v + g
        p = p - learning_rate * v            (nesterov: p - learning_rate * (momentum * v + g))

    This is the update of every published long-tailed recipe. `keras.optimizers.SGD` differs in two ways: its
    `weight_decay` is decoupled (it never enters the momentum), and its velocity holds `learning_rate * g`, so a
    step in the learning rate takes `1 / (1 - momentum)` steps to arrive.

    Args:
        learning_rate: a float or a schedule.
        momentum: in [0, 1].
        l2: coefficient of the L2 gradient, applied to every trained variable (the published codes exclude none).
        nesterov: use Nesterov momentum.
        **kwargs: arguments of `keras.optimizers.SGD`.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: float = 0.9,
        l2: float = 0.0,
        nesterov: bool = False,
        name: str = "sgd",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, momentum=float(momentum), nesterov=nesterov, name=name, **kwargs
        )
        self.l2 = float(l2)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable; see the class for the formula."""
        learning_rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        if self.l2:
            gradient = gradient + self.l2 * variable
        if self.momentum:
            velocity = self.momentums[self._get_variable_index(variable)]
            new_velocity = self.momentum * velocity + gradient
            self.assign(velocity, new_velocity)
            gradient = gradient + self.momentum * new_velocity if self.nesterov else new_velocity
        self.assign_sub(variable, learning_rate * gradient)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}


def get(
    config: Mapping[str, Any], learning_rate: float | keras.optimizers.schedules.LearningRateSchedule
) -> keras.optimizers.Optimizer:
    """An optimizer from its recipe entry.

    Args:
        config: `{"name": "sgd", "momentum": ..., "l2": ..., "nesterov": ...}`, or the lower-case name of any Keras
            optimizer with its arguments.
        learning_rate: a float or a schedule.
    """
    arguments = dict(config)
    name = arguments.pop("name", "sgd")
    if name == "sgd":
        return SGD(learning_rate, **arguments)
    try:
        optimizer = keras.optimizers.get({"class_name": name, "config": {**arguments, "learning_rate": 0.0}})
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`optimizer` must name 'sgd' or a Keras optimizer and its arguments. "
            f"Received: optimizer={config!r} ({str(error).splitlines()[0]})"
        ) from None
    return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": learning_rate})
