"""Low-rank change of a linear layer (LoRA)."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, Size

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@keras.saving.register_keras_serializable(package="ltzoo")
class LowRankUpdate(keras.layers.Layer):
    """Compute what LoRA adds to the output of a linear layer: (alpha / r) x A B.

    LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., ICLR 2022), Section 4.1. The linear layer x W is
    given in Einstein notation, so projections to several heads count as one matrix. For "abc,cde->abde" (input
    [batch, T, D], kernel [D, heads, size]), A is [D, r] and B [r, heads, size].

    Args:
        equation: equation of the linear layer, "input,kernel->output" as in `keras.layers.EinsumDense`.
        kernel_shape: shape of its kernel.
        rank: r, 1 or more.
        alpha: numerator of the factor; None is r, a factor of 1. LIFT (Shi et al., ICML 2024) has 1.
        kernel_initializer: initializer of A. Default: U(-1/sqrt(n), 1/sqrt(n)) with n inputs, as in the published
            code. B starts at zero, so the layer adds nothing before training.

    Weights: `kernel` (A) and `up_kernel` (B).

    Raises:
        ValueError: if `rank` is below 1, or inputs and outputs share an axis of the kernel.
    """

    @checked
    def __init__(
        self,
        equation: str,
        kernel_shape: Sequence[int],
        rank: Size = 4,
        alpha: Positive | None = None,
        kernel_initializer: str | Mapping[str, Any] | Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = str(equation).replace(" ", "")
        self.kernel_shape = tuple(int(size) for size in kernel_shape)
        self.rank = int(rank)
        self.alpha = None if alpha is None else float(alpha)
        if kernel_initializer is None:
            kernel_initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self._down, self._up, self._in_shape, self._out_shape = _factorize(self.equation, self.kernel_shape)
        self.kernel: keras.Variable | None = None
        self.up_kernel: keras.Variable | None = None

    def build(self, input_shape=None):
        """Create A and B."""
        inputs = 1
        for size in self._in_shape:
            inputs *= size
        # Shape A as a matrix, so that the initializer's fan-in is the number of inputs.
        self.kernel = self.add_weight(
            name="kernel", shape=(inputs, self.rank), initializer=self.kernel_initializer
        )
        self.up_kernel = self.add_weight(
            name="up_kernel", shape=(self.rank, *self._out_shape), initializer="zeros"
        )

    def call(self, inputs):
        """Return the change of the linear layer's output."""
        down = ops.reshape(self.kernel, (*self._in_shape, self.rank))
        update = ops.einsum(self._up, ops.einsum(self._down, inputs, down), self.up_kernel)
        factor = 1.0 if self.alpha is None else self.alpha / self.rank
        return update if factor == 1.0 else update * factor

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "equation": self.equation,
            "kernel_shape": list(self.kernel_shape),
            "rank": self.rank,
            "alpha": self.alpha,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _factorize(equation, kernel_shape):
    """Return the equations of x A and (x A) B, and the shapes of A and B without the rank."""
    left, output = equation.split("->")
    inputs, kernel = left.split(",")
    summed = [letter for letter in kernel if letter not in output]
    if any(letter in inputs and letter in output for letter in kernel):
        raise ValueError(
            "`equation` must describe a linear layer whose kernel has axes of inputs and outputs only. "
            f"Received: equation={equation!r}"
        )
    if len(kernel) != len(kernel_shape):
        raise ValueError(
            f"`kernel_shape` must have one size for each axis of {kernel!r} in {equation!r}. "
            f"Received: kernel_shape={kernel_shape}"
        )
    sizes = dict(zip(kernel, kernel_shape, strict=True))
    made = [letter for letter in kernel if letter in output]
    free = next(letter for letter in _LETTERS if letter not in equation)
    kept = "".join(letter for letter in inputs if letter not in summed)
    down = f"{inputs},{''.join(summed)}{free}->{kept}{free}"
    up = f"{kept}{free},{free}{''.join(made)}->{output}"
    return down, up, tuple(sizes[letter] for letter in summed), tuple(sizes[letter] for letter in made)
