"""Augmentation from plain configuration: a list of steps becomes one transform of a batch."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from ltzoo.arguments import checked
from ltzoo.data.augmentation.mixup import Mixup
from ltzoo.data.augmentation.registry import make_step


class Pipeline:
    """Apply steps in order: (images, labels, rng) -> (images, labels).

    If the first step crops from images at their original size, `reader(count, rng)` returns the function that
    `split.load` takes as `read`, and the call applies only the later steps. Without such a step `reader`
    returns None.
    """

    @checked
    def __init__(self, steps: Iterable[Callable[..., tuple[np.ndarray, np.ndarray]]]) -> None:
        steps = list(steps)
        self.crop = steps.pop(0) if steps and hasattr(steps[0], "reader") else None
        self.steps = steps
        if any(hasattr(step, "reader") for step in steps):
            raise ValueError(
                "`steps` must crop from the original image in the first step only. Received: "
                f"{[type(step).__name__ for step in ([self.crop] if self.crop else []) + steps]}"
            )

    def reader(self, count: int, rng: np.random.Generator) -> Callable[[Image.Image, int], np.ndarray] | None:
        """Return the `read` function for `split.load`, or None."""
        return None if self.crop is None else self.crop.reader(count, rng)

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply the steps in order, except the one that `reader` stands for."""
        for step in self.steps:
            images, labels = step(images, labels, rng)
        return images, labels


def get(
    config_list: Iterable[Mapping[str, Any]],
    num_classes: int | None = None,
    mixup_alpha: float = 0.0,
    mixup_per_sample: bool = False,
    class_counts: Sequence[int] | np.ndarray | None = None,
) -> Pipeline | None:
    """Combine all steps into one transform.

    Args:
        config_list: one dict per step with its "name", one of `names()`, and its arguments, for example
            `{"name": "pad_crop_flip", "padding": 4, "flip": True}`.
        num_classes: number of classes; required by mixup and by steps that return soft labels.
        mixup_alpha: alpha of a final mixup step with lam ~ Beta(alpha, alpha); 0 for none.
        mixup_per_sample: whether to draw lam per image rather than once per batch.
        class_counts: training images per class, for steps that need them.

    Returns:
        A `Pipeline` for `SampledBatches` and `tf_batches`, or None without steps.

    Raises:
        ValueError: a step or argument is unknown, or mixup lacks `num_classes`.
    """
    steps = [make_step(config, num_classes=num_classes, class_counts=class_counts) for config in config_list]
    if mixup_alpha:
        if num_classes is None:
            raise ValueError(
                "`num_classes` must be given for the soft labels of mixup. Received: num_classes=None"
            )
        steps.append(Mixup(mixup_alpha, num_classes, mixup_per_sample))
    return Pipeline(steps) if steps else None
