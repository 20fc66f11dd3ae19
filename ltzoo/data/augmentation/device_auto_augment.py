"""AutoAugment and RandAugment of a batch with `keras.ops`, as steps of `DeviceAugmentation`."""

from typing import Any

import numpy as np
from keras import ops

from ltzoo.data.augmentation.auto_augment import (
    CIFAR10_POLICY,
    RAND_AUGMENT_OPERATIONS,
    AutoAugment,
    RandAugment,
)
from ltzoo.data.augmentation.device_operations import Choice, operate
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.registry import register_on_device


@register_on_device("auto_augment")
class DeviceAutoAugment(AutoAugment):
    """Apply `AutoAugment` inside a compiled program, with the same arguments and distribution."""

    def choices(self, place: int) -> list[Choice]:
        """Return the possible first (`place` 0) or second (`place` 1) operations of an image.

        The list has the operation of each sub-policy with sign -1, then +1. The identity comes last.
        """
        steps = [pair[place] for pair in CIFAR10_POLICY]
        signed = [Choice(name, m / 9, sign, self.fill) for name, _, m in steps for sign in (-1, 1)]
        return [*signed, Choice("identity", 0.0, 1, self.fill)]

    def choose(self, count: Any, draws: Draws) -> list[Any]:
        """Draw the index of each image's choice, int32 [B], for each place.

        An operation that its probability rules out becomes the identity.
        """
        policies = len(CIFAR10_POLICY)
        policy = draws.integers(0, (count,), policies)
        chance, direction = draws.uniform(1, (count, 2)), draws.integers(2, (count, 2), 2)
        probabilities = np.array([[step[1] for step in pair] for pair in CIFAR10_POLICY], "float32")
        applied = chance < ops.take(ops.convert_to_tensor(probabilities), policy, axis=0)
        numbers = ops.where(applied, 2 * policy[:, None] + direction, 2 * policies)
        return [numbers[:, place] for place in range(2)]

    def on_device(self, images: Any, draws: Draws) -> Any:
        """Apply a sub-policy to each of the images [B, H, W, 1 or 3], whole numbers 0 .. 255 of any dtype."""
        return _operate_all(images, [self.choices(0), self.choices(1)], self.choose, draws)


@register_on_device("rand_augment")
class DeviceRandAugment(RandAugment):
    """Apply `RandAugment` inside a compiled program, with the same arguments and distribution."""

    def choices(self) -> list[Choice]:
        """Return the possible operations at each place: every operation with sign -1, then +1."""
        strength = self.magnitude / 30
        return [
            Choice(name, strength, sign, self.fill) for name in RAND_AUGMENT_OPERATIONS for sign in (-1, 1)
        ]

    def choose(self, count: Any, draws: Draws) -> list[Any]:
        """Draw the index of each image's choice, int32 [B], for each place."""
        numbers = draws.integers(0, (count, self.num_ops), 2 * len(RAND_AUGMENT_OPERATIONS))
        return [numbers[:, place] for place in range(self.num_ops)]

    def on_device(self, images: Any, draws: Draws) -> Any:
        """Apply operations to each of the images [B, H, W, 1 or 3], whole numbers 0 .. 255 of any dtype."""
        return _operate_all(images, [self.choices()] * self.num_ops, self.choose, draws)


def _operate_all(images, choices, choose, draws):
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            "`images` must have one or three channels for AutoAugment and RandAugment. "
            f"Received: images of shape {tuple(images.shape)}"
        )
    result = ops.cast(ops.clip(ops.round(images), 0, 255), "int32")
    for place, chosen in zip(choices, choose(ops.shape(images)[0], draws), strict=True):
        result = operate(result, place, chosen)
    return ops.cast(result, images.dtype)
