"""What the stages of experts and of their student have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.keras_internals import untracked
from ltzoo.layers.momentum_copy import MomentumCopy
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.stage_teacher import StageTeacher


class AfterExpert(Technique):
    """Base of techniques of stages that start from the first network, and keep the expert of the stage before.

    Args:
        class_counts: training images per class; filled in by the classifier.

    Attributes:
        teacher: the expert that the stage before trained; None in the first stage.
        confidence: its smallest and largest probability of the right class among the training images of each class, for
            the classes of its group `[C, 2]`.
    """

    teacher: StageTeacher | None
    start: MomentumCopy | None
    confidence: keras.Variable

    def __init__(self, class_counts: Sequence[int] | np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.class_counts = ClassCounts(class_counts)

    def attach(self, classifier: Classifier) -> None:
        """Create the copy of the first network, or that of the expert of the stage before."""
        index = self.stage_index(classifier)
        untracked(self, "_before", tuple(classifier.techniques[:index]))
        if not all(isinstance(part, AfterExpert) and hasattr(part, "group") for part in self._before):
            raise ValueError(
                f"`technique` of all stages before {type(self).__name__} must be 'group_expert'. Received: "
                f"{[type(part).__name__ for part in self._before]}"
            )
        self.start = self.teacher = None
        if index:
            self.teacher = StageTeacher.of(classifier, self, type(self).__name__)
        else:
            self.start = MomentumCopy.of(classifier.backbone, name="start")
        self.confidence = self.add_state("confidence", (len(self.class_counts.array), 2))

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Keep the network as the expert of its group, and start again from the first network."""
        if self.teacher is None:
            assert self.start is not None
            self.start.reset(classifier.backbone)
            return
        logits, (_, labels) = context.logits(), context.features()
        self.confidence.assign(confidence_ranges(logits, labels, self._before[-1].classes))
        self.teacher.reset(classifier)
        self._before[0].start.restore(classifier.backbone)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "class_counts": self.class_counts.tolist()}


def confidence_ranges(logits: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the smallest and largest softmax of the right class `[C, 2]`, among some classes.

    Other classes, and those without images, have zeros.
    """
    ranges = np.zeros((logits.shape[1], 2))
    own = np.asarray(logits, np.float64)[:, classes]
    own = np.exp(own - own.max(axis=1, keepdims=True))
    own /= own.sum(axis=1, keepdims=True)
    for column, label in enumerate(classes):
        found = own[labels == label, column]
        if len(found):
            ranges[label] = found.min(), found.max()
    return ranges
