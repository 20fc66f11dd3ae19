"""Random grayscale: images without their colors."""

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction
from ltzoo.data.augmentation.registry import register

WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R 601)


@register("random_gray")
class RandomGray:
    """Replace all channels of some images by their luminance 0.299 R + 0.587 G + 0.114 B, rounded.

    Images that do not have three channels stay as they are.

    Args:
        probability: share of images that become gray; 0.2 is usual for contrast (SimCLR, Chen et al. 2020).

    Call: (images [B, H, W, C], labels, rng) -> (images of the same type, labels unchanged).
    """

    @checked
    def __init__(self, probability: Fraction = 0.2) -> None:
        self.probability = float(probability)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the images, some of them gray, and the unchanged labels."""
        chosen = rng.random(len(images)) < self.probability
        if images.shape[-1] != len(WEIGHTS) or not chosen.any():
            return images, labels
        result = np.array(images)
        gray = images[chosen].astype(np.float32) @ np.array(WEIGHTS, np.float32)
        result[chosen] = (np.rint(gray) if images.dtype == np.uint8 else gray)[..., None]
        return result, labels
