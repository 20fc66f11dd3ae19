"""Constraint that keeps every class vector inside a ball (MaxNorm)."""

import math
from typing import Any

import keras
from keras import ops

from ltzoo.checks import number


@keras.saving.register_keras_serializable(package="ltzoo")
class NormBall(keras.constraints.Constraint):
    """Project every vector onto a ball: w min(1, radius / |w|).

    This is the MaxNorm of Long-Tailed Recognition via Weight Balancing (Alshammari et al., CVPR 2022, Eq. 5). Unlike
    `keras.constraints.MaxNorm`, it leaves vectors inside the ball exactly unchanged.

    Args:
        radius: above 0; infinity leaves every vector unchanged.
        axis: axis of the vector entries, 0 for a kernel [D, C].

    Raises:
        ValueError: if `radius` is not above 0.
    """

    def __init__(self, radius: float, axis: int = 0) -> None:
        self.radius = math.inf if radius == math.inf else number("radius", radius, above=0)
        self.axis = int(axis)

    def __call__(self, w: Any) -> Any:
        """Return the projected weights, in the shape of `w`."""
        w = ops.convert_to_tensor(w)
        norms = ops.sqrt(ops.sum(ops.square(w), axis=self.axis, keepdims=True))
        is_outside = norms > self.radius
        return ops.where(
            is_outside, w * (self.radius / ops.where(is_outside, norms, ops.ones_like(norms))), w
        )

    def get_config(self):
        """Return the constructor arguments."""
        return {"radius": self.radius, "axis": self.axis}
