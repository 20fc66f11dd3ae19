"""A small network from the loss of an image to its weight, learned by meta-learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.checks import NonNegative, Positive, Seed, Size
from ltzoo.protocols import Classifier
from ltzoo.techniques.meta_learning.base import MetaWeighting
from ltzoo.techniques.registry import register

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@register("meta_weight_net")
@keras.saving.register_keras_serializable(package="ltzoo")
class MetaWeightNet(MetaWeighting):
    """Weigh images by V(l) = sigmoid(W2 relu(W1 l + b1) + b2) of their loss l, and learn V on balanced images.

        w'(V) = w - r d/dw mean_i V(l_i) l_i(w)
        V <- Adam step down dM(w'(V)) / dV
        loss = mean_i V(l_i) l_i, with V after its step

    l_i is the cross-entropy of image i, constant where it is the input of V. M is the mean cross-entropy of the meta
    batch, and r the learning rate.

    Shu et al., Meta-Weight-Net: Learning an Explicit Mapping For Sample Weighting, NeurIPS 2019, Eq. 3-5, as in the
    released xjtushujun/meta-weight-net, MW-Net.py. Adam's weight decay is added to the gradient, as there. See
    `MetaWeighting` for batches, meta images and cost.

    Args:
        units: hidden units of V; 100 in the released code.
        learning_rate: rate of Adam; 1e-3 in the released code.
        weight_decay: 1e-4 in the released code.
        seed: seed of V's initial weights, uniform in +-1 / sqrt(inputs); filled in by the classifier.

    Raises:
        ValueError: an argument is out of range, the sampler has no companion, or mixup is on.
    """

    def __init__(
        self,
        units: Size = 100,
        learning_rate: Positive = 1e-3,
        weight_decay: NonNegative = 1e-4,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = int(units)
        self.learning_rate = float(learning_rate)
        self.weight_decay = float(weight_decay)
        self.seed = seed

    def attach(self, classifier: Classifier) -> None:
        """Create V and the state of its optimizer; the classifier's optimizer trains neither."""
        super().attach(classifier)
        shapes = {
            "kernel_1": (1, self.units),
            "bias_1": (self.units,),
            "kernel_2": (self.units, 1),
            "bias_2": (1,),
        }
        limits = {"kernel_1": 1.0, "bias_1": 1.0, "kernel_2": self.units**-0.5, "bias_2": self.units**-0.5}
        self.network, self.means, self.squares = [], [], []
        for number, (name, shape) in enumerate(shapes.items()):
            seed = None if self.seed is None else 4 * self.seed + number
            start = keras.initializers.RandomUniform(-limits[name], limits[name], seed=seed)
            self.network.append(self._weight(name, shape, start))
            self.means.append(self._weight(f"mean_{name}", shape, "zeros"))
            self.squares.append(self._weight(f"square_{name}", shape, "zeros"))
        self.steps = self._weight("steps", (), "zeros")

    def _weight(self, name, shape, initializer):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype="float32", trainable=False, autocast=False
        )

    def image_weights(self, labels: Any, losses: Any, through_step: Callable[..., list[Any]]) -> Any:
        """Take the step of V and return V(l) / B."""
        count = ops.cast(ops.shape(losses)[0], losses.dtype)
        values = [ops.convert_to_tensor(weight) for weight in self.network]
        gradients = through_step(values, lambda parameters, constant: weight_of(constant, parameters) / count)
        return weight_of(losses, self._stepped(values, gradients)) / count

    def _stepped(self, values, gradients):
        """Return the weights of V after a step of Adam, and keep them."""
        self.steps.assign_add(1.0)
        steps = ops.convert_to_tensor(self.steps)
        moved = []
        parts = zip(self.network, self.means, self.squares, values, gradients, strict=True)
        for weight, mean, square, value, gradient in parts:
            gradient = gradient + self.weight_decay * value
            mean.assign(_BETA_1 * mean + (1 - _BETA_1) * gradient)
            square.assign(_BETA_2 * square + (1 - _BETA_2) * ops.square(gradient))
            unbiased = mean / (1 - ops.power(_BETA_1, steps))
            spread = ops.sqrt(square / (1 - ops.power(_BETA_2, steps)))
            weight.assign(value - self.learning_rate * unbiased / (spread + _EPSILON))
            moved.append(ops.convert_to_tensor(weight))
        return moved

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "seed": self.seed,
        }


def weight_of(losses: Any, network: list[Any]) -> Any:
    """Return V(l) `[B]` of losses l `[B]`, for the weights [W1, b1, W2, b2]."""
    kernel_1, bias_1, kernel_2, bias_2 = network
    hidden = ops.relu(ops.matmul(ops.expand_dims(losses, -1), kernel_1) + bias_1)
    return ops.squeeze(ops.sigmoid(ops.matmul(hidden, kernel_2) + bias_2), -1)
