"""One learned number that several layers of a network share."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class SharedMagnitude(keras.layers.Layer):
    """Return a scalar weight g as a tensor of the functional graph.

    The layer accepts any tensor of the graph and ignores it. Pass its result as second input to every
    `NormalizedBatchNormalization` that shares it:

        g = SharedMagnitude()(x)
        y = NormalizedBatchNormalization()([convolution(x), g])

    The sharing is part of the graph, so it survives .keras files, weights files, `keras.models.clone_model` and export.

    Args:
        value: initial value of g. 1 in the published code.
        learn: train g; False is the "Fix g" of Table IX of NBN (Bao et al., 2024).

    Input and output: any tensor -> [] (a scalar), in float32 or float64, even under mixed precision.
    `layer.magnitude` is the weight.
    """

    @checked
    def __init__(self, value: float = 1.0, learn: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.value = float(value)
        self.learn = bool(learn)
        self.magnitude: keras.Variable | None = None

    def build(self, input_shape):
        """Create the scalar weight."""
        self.magnitude = self.add_weight(
            name="magnitude",
            shape=(),
            initializer=keras.initializers.Constant(self.value),
            trainable=self.learn,
            autocast=False,
        )

    def call(self, inputs):
        """Return g, a scalar; the inputs are ignored."""
        assert self.magnitude is not None
        return ops.cast(self.magnitude, float32_or_float64(self.magnitude.dtype))

    def compute_output_spec(self, inputs):
        """Return the spec of a scalar in float32 or float64."""
        return keras.KerasTensor((), dtype=float32_or_float64(self.variable_dtype))

    def compute_output_shape(self, input_shape):
        """Return the empty shape of a scalar."""
        return ()

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "value": self.value, "learn": self.learn}
