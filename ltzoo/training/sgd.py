"""Stochastic gradient descent in the form used for the published results."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, NonNegative
from ltzoo.keras_internals import position_in, trained_variable
from ltzoo.training.optimizer_registry import register


@register("sgd")
@keras.saving.register_keras_serializable(package="ltzoo")
class SGD(keras.optimizers.SGD):
    """SGD with weight decay as an L2 gradient, and with momentum that does not depend on past learning rates.

        g = gradient + l2 * p
        v = momentum * v + g
        p = p - learning_rate * v            (nesterov: p - learning_rate * (momentum * v + g))

    Here p is the variable and v its velocity. This is the update of every published long-tailed recipe.
    `keras.optimizers.SGD` differs in two ways. Its `weight_decay` is decoupled and never enters the momentum. Its
    velocity holds `learning_rate * g`, so a change of the learning rate takes `1 / (1 - momentum)` steps to take
    effect.

    Args:
        learning_rate: a float or a schedule.
        momentum: momentum in [0, 1].
        l2: coefficient of the L2 gradient of every trained variable that `l2_exclude` does not match. The published
            codes exclude none.
        nesterov: use Nesterov momentum.
        learning_rate_multipliers: `{pattern: factor}`. A variable learns at `factor` times the rate of the first
            pattern that its path matches, as in `fnmatch`. 0 freezes it.
        l2_exclude: patterns of paths of variables that get no L2 gradient.
        **kwargs: arguments of `keras.optimizers.SGD`.
    """

    @checked
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: Fraction = 0.9,
        l2: NonNegative = 0.0,
        nesterov: bool = False,
        learning_rate_multipliers: Mapping[str, NonNegative] | None = None,
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
        """Return (rate factor, L2 coefficient) of a variable; its path is matched once."""
        # The TensorFlow backend passes its own variables, which have no path.
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
        """Update one variable by one step; see the class for the formula."""
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
