"""Base class of linear classifiers on features or on their square roots."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ltzoo.heads.linear import LinearHead
from ltzoo.heads.signed_root import refuse_roots, signed_root


class RootedLinear(LinearHead):
    """Base of linear classifiers with `square_root`, which have a bias.

    Args:
        num_classes, scale, name, **kwargs: arguments of `LinearHead`.
        square_root: put sign(x) sqrt(|x|) in place of x first; see `ltzoo.heads.signed_root`.
    """

    def __init__(
        self, num_classes: int, scale: float | None, square_root: bool, name: str, **kwargs: Any
    ) -> None:
        arguments = {"kernel_initializer": "zeros", **kwargs, "use_bias": True}
        super().__init__(num_classes, scale, **arguments, name=name)
        self.square_root = bool(square_root)

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        return super().logits(signed_root(features) if self.square_root else features, dtype)

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the dense layer with the same logits.

        Raises:
            ValueError: there is none, since the head takes square roots.
        """
        refuse_roots(self)
        return self.folded_weights()

    def folded_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the same logits, on the features or on their roots."""
        kernel, bias = (ops.convert_to_numpy(weight.value) for weight in (self.kernel, self.bias))
        return kernel * self.scale, bias * self.scale

    def get_config(self):
        """Return the constructor arguments."""
        config = {**super().get_config(), "square_root": self.square_root}
        config.pop("use_bias", None)
        return config
