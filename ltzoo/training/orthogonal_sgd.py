"""Stochastic gradient descent whose steps of convolution kernels are orthogonal matrices."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.keras_internals import position_in, trained_variable
from ltzoo.training.sgd import SGD

QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients: singular values come near 1 in few iterations.


@keras.saving.register_keras_serializable(package="ltzoo")
class OrthogonalSGD(SGD):
    """Muon (Jordan et al., 2024) for convolution kernels, `SGD` for everything else.

    A kernel [height, width, inputs, outputs] is taken as a matrix W with a column an output:

        V = kernel_momentum * V + gradient
        O = orthogonalize(gradient + kernel_momentum * V)
        W = sqrt(outputs) W / |W| - learning_rate * kernel_rate * O

    `orthogonalize` takes a matrix to about the nearest one whose singular values are all 1, so that rare directions
    of the gradient move a kernel as far as common ones. W has a fixed length (Frobenius), which batch norm after the
    convolution makes up for: `learning_rate * kernel_rate` is about the part of it that a step moves W by. L2 would
    change nothing about such a kernel and is left out.

    Made for networks in which batch norm follows every convolution: the length of a kernel is set at the first
    step, also that of a pretrained one. `keras.optimizers.Muon` orthogonalizes matrices of two dimensions only and
    gives convolutions steps of AdamW.

    Args:
        learning_rate: a float or a schedule.
        momentum: of everything but the kernels, in (0, 1].
        kernel_rate: factor of the learning rate for kernels, above 0.
        kernel_momentum: in [0, 1).
        newton_schulz_steps: of `orthogonalize`, 1 or more.
        kernels: patterns of paths (as in `fnmatch`). Kernels that none of them fits, those with a single output
            (depthwise ones) and those whose `learning_rate_multipliers` is 0 are treated as by `SGD`.
        **arguments: of `SGD`.

    Raises:
        ValueError: an argument is out of its range.

    Deviations from the speed record "airbench94_muon", which it follows: the orthogonalization is in float32 instead of
    bfloat16.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: float = 0.9,
        kernel_rate: float = 0.5,
        kernel_momentum: float = 0.6,
        newton_schulz_steps: int = 3,
        kernels: Sequence[str] = ("*",),
        name: str = "orthogonal_sgd",
        **arguments: Any,
    ) -> None:
        if not 0 < momentum <= 1 or not 0 <= kernel_momentum < 1:
            raise ValueError(
                "`momentum` must be above 0 and at most 1, `kernel_momentum` at least 0 and below 1. "
                f"Received: momentum={momentum}, kernel_momentum={kernel_momentum}"
            )
        if not kernel_rate > 0 or newton_schulz_steps != int(newton_schulz_steps) or newton_schulz_steps < 1:
            raise ValueError(
                "`kernel_rate` must be above 0 and `newton_schulz_steps` a whole number of 1 or more. "
                f"Received: kernel_rate={kernel_rate}, newton_schulz_steps={newton_schulz_steps}"
            )
        super().__init__(learning_rate=learning_rate, momentum=momentum, name=name, **arguments)
        self.kernel_rate = float(kernel_rate)
        self.kernel_momentum = float(kernel_momentum)
        self.newton_schulz_steps = int(newton_schulz_steps)
        self.kernels = (kernels,) if isinstance(kernels, str) else tuple(kernels)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable; see the class for the formula."""
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
    """About U V' of a matrix U S V' [rows, columns], by a Newton-Schulz iteration of fifth order.

        X = M / |M|                         (transposed where rows > columns)
        X = a X + (b A + c A A) X           with A = X X', `steps` times

    With the coefficients of Jordan et al. small singular values grow 3.4 times a step; once there, they stay between
    0.7 and 1.2 and do not converge to 1. Three steps leave the smallest ones of a kernel's gradient below.
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
