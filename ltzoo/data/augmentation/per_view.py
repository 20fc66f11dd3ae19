"""Different augmentations for the views of an image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt
from ltzoo.data.augmentation.registry import fit_steps, make_step, register


def _fitted(config, image_size, upright):
    return {**config, "steps": [fit_steps(view, image_size, upright) for view in config["steps"]]}


@register("per_view", fitted=_fitted)
class PerView:
    """Apply the i-th list of steps to the i-th view of every image.

    Batches come from a sampler with `views`: V. They hold image 0 V times, then image 1 V times, and so on.

    Args:
        steps: V lists of steps, each as for `augmentation.get`. An empty list leaves its view unchanged. Steps
            that crop from the original image belong before this step, not inside it.
        num_classes, class_counts: passed to steps that need them.

    Call: (images uint8 [B * V, H, W, C], labels, rng) -> (images, labels) in the same order.

    Raises:
        ValueError: `steps` is empty, a step crops from the original image, or V does not divide the batch size.
    """

    @checked
    def __init__(
        self,
        steps: Sequence[Sequence[Mapping[str, Any]]],
        num_classes: PositiveInt | None = None,
        class_counts: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        context = {"num_classes": num_classes, "class_counts": class_counts}
        self.views = [[make_step(config, **context) for config in view] for view in steps]
        if not self.views or any(hasattr(step, "reader") for view in self.views for step in view):
            raise ValueError(
                "`steps` must hold one list of steps per view; put steps that crop from the original image "
                f"before 'per_view'. Received: steps={steps!r}"
            )

    def __call__(
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return all views augmented, in the same order, and their labels."""
        count = len(self.views)
        if len(images) % count:
            raise ValueError(
                f"'per_view' with {count} lists of steps needs batches of groups of {count}; give the stage's "
                f"`sampler` 'views': {count}. Received: a batch of {len(images)} images"
            )
        parts = []
        for index, steps in enumerate(self.views):
            part = images[index::count], labels[index::count]
            for step in steps:
                part = step(*part, rng)
            parts.append(part)
        images, labels = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
        return images.reshape(-1, *images.shape[2:]), labels.reshape(-1, *labels.shape[2:])
