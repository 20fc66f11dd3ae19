"""Learn from the labels and from a balanced copy of the network itself (xERM)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import head_inputs
from ltzoo.losses.cross_domain_risk import cross_domain_risk
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.techniques.stage_teacher import StageTeacher


@register("cross_domain_risk")
@keras.saving.register_keras_serializable(package="ltzoo")
class CrossDomainRisk(Technique):
    """Train on the labels and on the predictions of a balanced teacher (xERM, Zhu et al., AAAI 2022).

        loss = mean_i xERM(y_i, z_i, f_i)

    with `ltzoo.losses.cross_domain_risk.cross_domain_risk`. f are the logits of the teacher, the network as the stage
    before left it, for the same augmented images in inference mode. The student starts from the same weights, as in
    the released code. The teacher exists only in training. The loss of the stage only serves validation.

    Args:
        class_counts: training images per class; filled in by the classifier.
        gamma: exponent of the weights: 1.5 on CIFAR-100-LT and 2 on ImageNet-LT in the released configurations.

    Raises:
        ValueError: `gamma` is negative, or no stage comes before.
    """

    teacher: StageTeacher

    def __init__(
        self, class_counts: Sequence[int] | np.ndarray, gamma: NonNegative = 1.5, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.class_counts = ClassCounts(class_counts)
        self.gamma = float(gamma)

    def attach(self, classifier: Classifier) -> None:
        """Create the teacher."""
        self.teacher = StageTeacher.of(classifier, self, "cross_domain_risk")

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Copy the network's weights to the teacher."""
        self.teacher.reset(classifier)

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]`; keep those of the teacher."""
        images = classifier.normalize_images(images, training=True)
        maps = classifier.backbone(images, training=True)
        logits = classifier.head(head_inputs(classifier.head, maps), training=True)
        return logits, self.teacher(images)

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the mean loss of xERM."""
        return ops.mean(
            cross_domain_risk(labels, logits, kept, class_counts=self.class_counts, gamma=self.gamma)
        )

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "class_counts": self.class_counts.tolist(), "gamma": self.gamma}
