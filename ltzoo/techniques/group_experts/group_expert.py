"""Train the network on classes of similar frequency alone, as an expert (first stages of LFME)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import one_of
from ltzoo.class_counts.groups import GROUPS, class_groups
from ltzoo.protocols import Classifier
from ltzoo.sampling.subset import SubsetSampler
from ltzoo.techniques.group_experts.base import AfterExpert
from ltzoo.techniques.registry import register

_OUT = -1e9


@register("group_expert")
@keras.saving.register_keras_serializable(package="ltzoo")
class GroupExpert(AfterExpert):
    """Train on the images of one group of classes, with a softmax over these classes alone (LFME, Xiang et al. 2020).

    All stages of experts start from the weights that the network has when the first of them begins. The next stage
    keeps the expert.

    Args:
        class_counts: training images per class; filled in by the classifier.
        group: "many", "medium" or "few".
        thresholds: numbers of images that separate the groups; None for thirds of the classes. See
            `ltzoo.class_counts.groups.class_groups`.

    Raises:
        ValueError: an argument is out of range, or another technique comes before.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        group: str = "many",
        thresholds: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(class_counts, **kwargs)
        self.group = one_of("group", group, GROUPS)
        self.classes = class_groups(self.class_counts, thresholds)[group]
        self.thresholds = None if thresholds is None else [int(number) for number in thresholds]
        self._inside = np.isin(np.arange(len(self.class_counts.array)), self.classes)

    def attach(self, classifier: Classifier) -> None:
        """Check the stage, and create what `AfterExpert` needs."""
        index = self.stage_index(classifier)
        stage = classifier.recipe.stages[index]
        grouped = stage.sampler.get("views", 1) != 1 or stage.sampler.get("companion")
        if grouped or stage.loss.get("label_smoothing"):
            raise ValueError(
                "`sampler` of 'group_expert' must have neither views nor a companion, and its `loss` no "
                "label_smoothing, which would ask for classes of other groups. "
                f"Received: sampler={dict(stage.sampler)!r}, loss={dict(stage.loss)!r}"
            )
        super().attach(classifier)

    def make_sampler(
        self, classifier: Classifier, labels: np.ndarray, batch_size: int, seed: int, **arguments: Any
    ) -> Any:
        """Return the stage's sampler, over the images of the group."""
        index = self.stage_index(classifier)
        stage = classifier.recipe.stages[index]
        given = {"strategy": "instance_balanced", **stage.sampler}
        if given["strategy"] == "progressive":
            given = {"num_epochs": stage.epochs, **given}
        return SubsetSampler(
            labels,
            self.classes,
            batch_size=batch_size,
            seed=seed,
            num_classes=classifier.num_classes,
            **given,
            **arguments,
        )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]`, -1e9 for the classes of other groups."""
        logits = classifier.classify(images, training=True)
        return ops.where(ops.convert_to_tensor(self._inside), logits, ops.full_like(logits, _OUT)), None

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "group": self.group, "thresholds": self.thresholds}
