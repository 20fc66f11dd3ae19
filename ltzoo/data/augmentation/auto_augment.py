"""AutoAugment with its CIFAR-10 policy, and RandAugment, image by image with Pillow.

Keras has no AutoAugment. Its RandAugment draws one set of operations for the whole batch, from its own state.
"""

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Few, Gray
from ltzoo.data.augmentation.pillow_operations import OPERATIONS, apply, to_array, to_pillow
from ltzoo.data.augmentation.registry import register

# Each sub-policy is two of (operation, probability, magnitude 0 .. 9): Cubuk et al., CVPR 2019, Table 7.
CIFAR10_POLICY = (
    (("invert", 0.1, 0), ("contrast", 0.2, 6)),
    (("rotate", 0.7, 2), ("translate_x", 0.3, 9)),
    (("sharpness", 0.8, 1), ("sharpness", 0.9, 3)),
    (("shear_y", 0.5, 8), ("translate_y", 0.7, 9)),
    (("auto_contrast", 0.5, 0), ("equalize", 0.9, 0)),
    (("shear_y", 0.2, 7), ("posterize", 0.3, 7)),
    (("color", 0.4, 3), ("brightness", 0.6, 7)),
    (("sharpness", 0.3, 9), ("brightness", 0.7, 9)),
    (("equalize", 0.6, 0), ("equalize", 0.5, 0)),
    (("contrast", 0.6, 7), ("sharpness", 0.6, 5)),
    (("color", 0.7, 7), ("translate_x", 0.5, 8)),
    (("equalize", 0.3, 0), ("auto_contrast", 0.4, 0)),
    (("translate_y", 0.4, 3), ("sharpness", 0.2, 6)),
    (("brightness", 0.9, 6), ("color", 0.2, 8)),
    (("solarize", 0.5, 2), ("invert", 0.0, 0)),
    (("equalize", 0.2, 0), ("auto_contrast", 0.6, 0)),
    (("equalize", 0.2, 0), ("equalize", 0.6, 0)),
    (("color", 0.9, 9), ("equalize", 0.6, 0)),
    (("auto_contrast", 0.8, 0), ("solarize", 0.2, 8)),
    (("brightness", 0.1, 3), ("color", 0.7, 0)),
    (("solarize", 0.4, 5), ("auto_contrast", 0.9, 0)),
    (("translate_y", 0.9, 9), ("translate_y", 0.7, 9)),
    (("auto_contrast", 0.9, 0), ("solarize", 0.8, 3)),
    (("equalize", 0.8, 0), ("invert", 0.1, 0)),
    (("translate_y", 0.7, 9), ("auto_contrast", 0.9, 0)),
)

# The policy suits photographs: it shifts by up to 45 % of the width, inverts and equalizes gray levels.
# Smaller images do without it.
TINY = 16
RAND_AUGMENT_OPERATIONS = tuple(name for name in OPERATIONS if name != "invert")


def _fitted(config, image_size, upright):
    return None if min(image_size) < TINY or upright else config


@register("auto_augment", fitted=_fitted)
class AutoAugment:
    """Apply one sub-policy of the CIFAR-10 policy to each image, drawn uniformly.

    Each of the two operations of the sub-policy is applied with its probability. Magnitude m acts at
    strength m / 9, in a random direction. The paper uses the same policy for CIFAR-100.

    Args:
        fill: gray value of pixels from outside the image; 128 as in the authors' code.

    Call: (images uint8 [B, H, W, 1 or 3], labels, rng) -> (images uint8, labels unchanged).
    """

    @checked
    def __init__(self, fill: Gray = 128) -> None:
        self.fill = _check_fill(fill)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the augmented images and the unchanged labels."""
        count = len(images)
        choice = rng.integers(0, len(CIFAR10_POLICY), count)
        chance = rng.random((count, 2))
        sign = np.where(rng.random((count, 2)) < 0.5, -1, 1)
        result = np.empty_like(images)
        for index in range(count):
            image = to_pillow(images[index])
            for place, (name, probability, magnitude) in enumerate(CIFAR10_POLICY[choice[index]]):
                if chance[index, place] < probability:
                    image = apply(image, name, magnitude / 9, sign[index, place], self.fill)
            result[index] = to_array(image)
        return result, labels


@register("rand_augment")
class RandAugment:
    """Apply `num_ops` operations to each image in turn, drawn uniformly (Cubuk et al., 2020).

    The operations are the identity and all of AutoAugment's except inversion.

    Args:
        num_ops: operations per image, at least 1.
        magnitude: 0 to 30; the strength is magnitude / 30.
        fill: gray value of pixels from outside the image.

    Call: (images uint8 [B, H, W, 1 or 3], labels, rng) -> (images uint8, labels unchanged).
    """

    @checked
    def __init__(self, num_ops: Few = 2, magnitude: float = 9, fill: Gray = 128) -> None:
        if num_ops < 1 or not 0 <= magnitude <= 30:
            raise ValueError(
                "`num_ops` must be at least 1 and `magnitude` in 0 .. 30. "
                f"Received: num_ops={num_ops}, magnitude={magnitude}"
            )
        self.num_ops, self.magnitude, self.fill = int(num_ops), magnitude, _check_fill(fill)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the augmented images and the unchanged labels."""
        count = len(images)
        choice = rng.integers(0, len(RAND_AUGMENT_OPERATIONS), (count, self.num_ops))
        sign = np.where(rng.random((count, self.num_ops)) < 0.5, -1, 1)
        result = np.empty_like(images)
        for index in range(count):
            image = to_pillow(images[index])
            for place in range(self.num_ops):
                name = RAND_AUGMENT_OPERATIONS[choice[index, place]]
                image = apply(image, name, self.magnitude / 30, sign[index, place], self.fill)
            result[index] = to_array(image)
        return result, labels


def _check_fill(fill):
    if not 0 <= fill <= 255:
        raise ValueError(f"`fill` must be a gray value in 0 .. 255. Received: fill={fill}")
    return int(fill)
