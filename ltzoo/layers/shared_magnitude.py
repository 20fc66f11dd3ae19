"""One learned number that several layers of a network share."""

from typing import Any

import keras
from keras import ops

from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class SharedMagnitude(keras.layers.Layer):
    """A scalar weight as a tensor of the functional graph.

    Called on any tensor of the graph, it ignores the tensor and returns its weight g. The result goes as second
    input into every ``NormalizedBatchNormalization`` that shares it:

        g = SharedMagnitude()(x)
        y = NormalizedBatchNormalization()([convolution(x), g])

    Since the sharing is part of the graph, it survives .keras files, weights files, ``keras.models.clone_model`` and
    export.

    Args:
        value: Where g starts. 1 in the published code.
        learn: Whether g is trained; False is the "Fix g" of Table IX of NBN (Bao et al., 2024).

    Input and output: any tensor -> [] (a scalar), in float32 at least, also under mixed precision.
    ``layer.magnitude`` is the weight.
    """

    def __init__(self, value: float = 1.0, learn: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.value = float(value)
        self.learn = bool(learn)
        self.magnitude = None

    def build(self, input_shape):
        self.magnitude = self.add_weight(
            name="magnitude",
            shape=(),
            initializer=keras.initializers.Constant(self.value),
            trainable=self.learn,
            autocast=False,
        )

    def call(self, inputs):
        return ops.cast(self.magnitude, float32_or_float64(self.magnitude.dtype))

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((), dtype=float32_or_float64(self.variable_dtype))

    def compute_output_shape(self, input_shape):
        return ()

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "value": self.value, "learn": self.learn}
