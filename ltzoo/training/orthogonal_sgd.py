"""Stochastic gradient descent with orthogonal steps for convolution kernels."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, Fraction, Positive, PositiveInt, refuse
from ltzoo.keras_internals import position_in, trained_variable
from ltzoo.training.optimizer_registry import register
from ltzoo.training.sgd import SGD

QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients bring singular values near 1 in few iterations.


@register("orthogonal_sgd")
@keras.saving.register_keras_serializable(package="ltzoo")
class OrthogonalSGD(SGD):
    """Muon (Jordan et al., 2024) for convolution kernels, `SGD` for everything else.

    A kernel [height, width, inputs, outputs] is treated as a matrix W with one column per output. V is its velocity:

        V = kernel_momentum * V + gradient
        O = orthogonalize(gradient + kernel_momentum * V)
        W = sqrt(outputs) W / |W| - learning_rate * kernel_rate * O

    `orthogonalize` maps a matrix approximately to the nearest one whose singular values are all 1. So rare directions
    of the gradient move a kernel as far as common ones. W has a fixed Frobenius length, and batch norm after the
    convolution compensates for it. One step moves W by about `learning_rate * kernel_rate` of that length. L2 would
    not change such a kernel and is omitted.

    It is made for networks in which batch norm follows every convolution. The first step sets the length of every
    kernel, pretrained ones included. `keras.optimizers.Muon` orthogonalizes only two-dimensional matrices and updates
    convolutions by AdamW.

    It follows the speed record "airbench94_muon", with one deviation: it orthogonalizes in float32, not in bfloat16.

    Args:
        learning_rate: a float or a schedule.
        momentum: momentum of everything except the kernels, in (0, 1].
        kernel_rate: factor of the learning rate for kernels, above 0.
        kernel_momentum: momentum of the kernels, in [0, 1).
        newton_schulz_steps: iterations of `orthogonalize`, 1 or more.
        kernels: patterns of variable paths, as in `fnmatch`. `SGD` updates kernels that match none of them, have a
            single output (depthwise convolutions), or have a `learning_rate_multipliers` entry of 0.
        **arguments: arguments of `SGD`.

    Raises:
        ValueError: if an argument is out of range.
    """

    @checked
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: Fraction = 0.9,
        kernel_rate: Positive = 0.5,
        kernel_momentum: BelowOne = 0.6,
        newton_schulz_steps: PositiveInt = 3,
        kernels: str | Sequence[str] = ("*",),
        name: str = "orthogonal_sgd",
        **arguments: Any,
    ) -> None:
        if momentum == 0:
            refuse("momentum", "above 0 and at most 1", momentum)
        super().__init__(learning_rate=learning_rate, momentum=momentum, name=name, **arguments)
        self.kernel_rate = float(kernel_rate)
        self.kernel_momentum = float(kernel_momentum)
        self.newton_schulz_steps = int(newton_schulz_steps)
        self.kernels = (kernels,) if isinstance(kernels, str) else tuple(kernels)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable by one step; see the class for the formula."""
        factor, _ = self._variable_settings(variable)
        if not factor or not self._is_kernel(variable):
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        velocity = self.momentums[position_in(self, variable)]
        new_velocity = self.kernel_momentum * velocity + gradient
        self.assign(velocity, new_velocity)
        outputs = variable.shape[-1]
        matrix = ops.reshape(gradient + self.kernel_momentum * new_velocity, (-1, outputs))
        direction = orthogonalize(ops.cast(matrix, "float32"), self.newton_schulz_steps)
        rate = ops.cast(learning_rate, "float32") * (self.kernel_rate * factor)
        kernel = ops.cast(variable, "float32")
        kernel = kernel * (outputs**0.5 / (_length(kernel) + keras.config.epsilon()))
        kernel = kernel - rate * ops.reshape(direction, variable.shape)
        self.assign(variable, ops.cast(kernel, variable.dtype))

    def _is_kernel(self, variable):
        path = trained_variable(self, position_in(self, variable)).path
        shape = variable.shape
        return (
            len(shape) == 4
            and shape[-1] > 1
            and any(fnmatch.fnmatchcase(path, rule) for rule in self.kernels)
        )

    def get_config(self) -> Mapping[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "kernel_rate": self.kernel_rate,
            "kernel_momentum": self.kernel_momentum,
            "newton_schulz_steps": self.newton_schulz_steps,
            "kernels": list(self.kernels),
        }


def orthogonalize(matrix: Any, steps: int = 3) -> Any:
    """Approximate U V' for a matrix M = U S V' [rows, columns], by a Newton-Schulz iteration of fifth order.

        X = M / |M|                         (transposed if rows > columns)
        X = a X + (b A + c A A) X           with A = X X', `steps` times

    With the coefficients a, b, c of Jordan et al., each step multiplies small singular values by 3.4. They end up
    between 0.7 and 1.2 and do not converge to 1. After three steps the smallest ones of a kernel's gradient are
    still below that range.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = x / (_length(x) + keras.config.epsilon())
    a, b, c = QUINTIC
    for _ in range(steps):
        gram = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * gram + c * ops.matmul(gram, gram), x)
    return ops.transpose(x) if tall else x


def _length(values):
    return ops.sqrt(ops.sum(ops.square(values)))
