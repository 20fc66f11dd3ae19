"""Stochastic gradient descent in the form that the published results were trained with."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.keras_internals import position_in, trained_variable


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
        l2: coefficient of the L2 gradient, applied to every trained variable that `l2_exclude` does not name (the
            published codes exclude none).
        nesterov: use Nesterov momentum.
        learning_rate_multipliers: `{pattern: factor}`; a variable whose path matches a pattern (as in `fnmatch`, the
            first that fits) learns at `factor` times the rate. 0 freezes it.
        l2_exclude: patterns of paths of variables that get no L2 gradient.
        **kwargs: arguments of `keras.optimizers.SGD`.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: float = 0.9,
        l2: float = 0.0,
        nesterov: bool = False,
        learning_rate_multipliers: Mapping[str, float] | None = None,
        l2_exclude: Sequence[str] = (),
        name: str = "sgd",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, momentum=float(momentum), nesterov=nesterov, name=name, **kwargs
        )
        self.l2 = float(l2)
        self.learning_rate_multipliers = {
            str(pattern): float(factor) for pattern, factor in (learning_rate_multipliers or {}).items()
        }
        self.l2_exclude = tuple(l2_exclude)
        self._settings = {}

    def _variable_settings(self, variable):
        """(rate factor, L2 coefficient) of a variable, found by its path once."""
        # The TensorFlow backend hands over its own variables, which have no path.
        index = position_in(self, variable)
        if index not in self._settings:
            path = trained_variable(self, index).path
            factors = (
                factor
                for pattern, factor in self.learning_rate_multipliers.items()
                if fnmatch.fnmatchcase(path, pattern)
            )
            excluded = any(fnmatch.fnmatchcase(path, pattern) for pattern in self.l2_exclude)
            self._settings[index] = (next(factors, 1.0), 0.0 if excluded else self.l2)
        return self._settings[index]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable; see the class for the formula."""
        learning_rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        factor, l2 = self._variable_settings(variable)
        if l2:
            gradient = gradient + l2 * variable
        if self.momentum:
            velocity = self.momentums[position_in(self, variable)]
            new_velocity = self.momentum * velocity + gradient
            self.assign(velocity, new_velocity)
            gradient = gradient + self.momentum * new_velocity if self.nesterov else new_velocity
        if factor != 1.0:
            learning_rate = learning_rate * factor
        self.assign_sub(variable, learning_rate * gradient)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "l2": self.l2,
            "learning_rate_multipliers": dict(self.learning_rate_multipliers),
            "l2_exclude": list(self.l2_exclude),
        }
