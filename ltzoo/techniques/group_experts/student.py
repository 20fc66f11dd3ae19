"""Learn from experts on groups of classes, at the student's pace (last stage of LFME)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import BelowOne, Positive
from ltzoo.heads.inputs import head_inputs
from ltzoo.protocols import Classifier
from ltzoo.techniques.group_experts.base import AfterExpert
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


@register("learning_from_experts")
@keras.saving.register_keras_serializable(package="ltzoo")
class LearningFromExperts(AfterExpert):
    """Teach a new network by the experts of earlier stages, as long as they know more (LFME, Xiang et al., ECCV 2020).

        z'_i = v_i z_i,   v_i = u_i + (1 - u_i) 2 epoch / epochs
        loss = L(y, z') + sum_E w_E mean_i KL(softmax(t_Ei / T) || softmax(z'_Ei / T))

    z are the logits of the student, z_E those of the classes of expert E, t_E the expert's for the same augmented
    images, and L the stage's loss. Easy images count first: with the probability p_i that the expert of its class gives
    to the right class, between the smallest and the largest among the training images of that class,

        u_i = f + (1 - f) (p_i - min) / (max - min),   f = mean images of the rarest group / mean images of E's group

    An expert's weight falls as the student catches up. With the accuracies a of an epoch on the images of its group,

        w_E = 1 while a < reached a_E, then max(0, (1 - a / a_E) / (1 - reached))

    As in the released xiangly55/LFME, run_network_LFME.py. There, `epoch` counts from 1 and the v of hard images pass 1
    in the second half, as here. Deviations: p_i is that of the augmented image, since a step does not know which
    image it has. Accuracies are those on the batches of the epoch before, of the expert too; the released code
    measures validation images.

    Args:
        class_counts: training images per class; filled in by the classifier.
        temperature: T; 2 as published. There is no factor T^2.
        reached: 0.3 as published.

    Raises:
        ValueError: an argument is out of range, other techniques come before, or images have views or mixed labels.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        temperature: Positive = 2.0,
        reached: BelowOne = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(class_counts, **kwargs)
        self.temperature = float(temperature)
        self.reached = float(reached)

    def attach(self, classifier: Classifier) -> None:
        """Create the last expert, and the state of the student's pace."""
        super().attach(classifier)
        check_views(classifier, self, 1, "learning_from_experts", companion=False)
        if not self._before:
            raise ValueError(
                "`technique` 'learning_from_experts' must come after stages with 'group_expert'. Received: it is that "
                "of stage 1"
            )
        count = len(self._before)
        means = [self.class_counts.array[part.classes].mean() for part in self._before]
        self._floors = np.zeros(len(self.class_counts.array), np.float32)
        for part, mean in zip(self._before, means, strict=True):
            self._floors[part.classes] = min(means) / mean
        self.weights_of_experts = self.add_state("weights_of_experts", (count,), "ones")
        self.seen = self.add_state("seen", (count,))
        self.right = self.add_state("right", (count,))
        self.right_of_experts = self.add_state("right_of_experts", (count,))
        self.progress = self.add_state("progress", ())

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign the weights of the experts from the epoch before."""
        if epoch:
            seen, own, theirs = (
                np.asarray(ops.convert_to_numpy(value), np.float64)
                for value in (self.seen, self.right, self.right_of_experts)
            )
            own, theirs = own / np.maximum(seen, 1), theirs / np.maximum(seen, 1)
            self.weights_of_experts.assign(expert_weights(own, theirs, self.reached))
        for value in (self.seen, self.right, self.right_of_experts):
            value.assign(np.zeros(value.shape))
        self.progress.assign(2 * (epoch + 1) / epochs)

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of the student; keep those of the experts `[B, C]` each."""
        images = classifier.normalize_images(images, training=True)
        maps = classifier.backbone(images, training=True)
        logits = classifier.head(head_inputs(classifier.head, maps), training=True)
        teachers = [*(part.teacher for part in self._before[1:]), self.teacher]
        return logits, [ops.cast(teacher(images), "float32") for teacher in teachers]

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the loss of the class docstring, and count right answers."""
        own = ops.one_hot(classes_of(labels, "learning_from_experts"), logits.shape[-1], dtype="float32")
        answers = [
            ops.take(teacher, ops.convert_to_tensor(part.classes), axis=1)
            for part, teacher in zip(self._before, kept, strict=True)
        ]
        self._count(own, logits, answers)
        weighted = logits * ops.cast(self._image_weights(own, answers), logits.dtype)
        loss = classification_loss(labels, weighted)
        for number, (part, answer) in enumerate(zip(self._before, answers, strict=True)):
            found = ops.take(ops.cast(weighted, "float32"), ops.convert_to_tensor(part.classes), axis=1)
            found = _log_softmax(found / self.temperature)
            wanted = _log_softmax(answer / self.temperature)
            divergence = ops.mean(ops.sum(ops.exp(wanted) * (wanted - found), axis=-1))
            loss = loss + ops.cast(self.weights_of_experts[number] * divergence, loss.dtype)
        return loss

    def _image_weights(self, own, answers):
        """Return v `[B, 1]`."""
        sure: Any = 0.0
        ranges: Any = 0.0
        for number, (part, answer) in enumerate(zip(self._before, answers, strict=True)):
            inside = ops.take(own, ops.convert_to_tensor(part.classes), axis=1)
            sure = sure + ops.sum(ops.exp(_log_softmax(answer)) * inside, axis=1)
            holder = self if number == len(self._before) - 1 else self._before[number + 1]
            ranges = ranges + ops.matmul(own, ops.convert_to_tensor(holder.confidence))
        low, span = ranges[:, 0], ranges[:, 1] - ranges[:, 0]
        varied = span > 0
        share = (sure - low) / ops.where(varied, span, ops.ones_like(span))
        share = ops.where(varied, ops.clip(share, 0.0, 1.0), ops.ones_like(share))
        floor = ops.sum(own * ops.convert_to_tensor(self._floors), axis=1)
        first = floor + (1.0 - floor) * share
        return ops.stop_gradient(first + (1.0 - first) * ops.convert_to_tensor(self.progress))[:, None]

    def _count(self, own, logits, answers):
        best = ops.one_hot(ops.argmax(logits, axis=1), logits.shape[-1], dtype="float32")
        for number, (part, answer) in enumerate(zip(self._before, answers, strict=True)):
            inside = ops.take(own, ops.convert_to_tensor(part.classes), axis=1)
            chosen = ops.one_hot(ops.argmax(answer, axis=1), answer.shape[-1], dtype="float32")
            place = ops.one_hot(number, len(self._before), dtype="float32")
            mine = ops.sum(own * best * ops.max(inside, axis=1, keepdims=True))
            for counter, found in (
                (self.seen, ops.sum(inside)),
                (self.right, mine),
                (self.right_of_experts, ops.sum(inside * chosen)),
            ):
                counter.assign(counter + ops.stop_gradient(found) * place)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "temperature": self.temperature, "reached": self.reached}


def _log_softmax(values):
    """Return the log-softmax over the last axis; Keras warns of an axis of size 1."""
    return 0.0 * values if values.shape[-1] == 1 else ops.log_softmax(values, axis=-1)


def expert_weights(own: np.ndarray, theirs: np.ndarray, reached: float = 0.3) -> np.ndarray:
    """Return w of experts with the accuracies `theirs`, for a student with the accuracies `own` on their groups."""
    behind = np.maximum(1 - own / np.where(theirs > 0, theirs, 1), 0) / (1 - reached)
    return np.where(own < reached * theirs, 1.0, np.where(theirs > 0, behind, 0.0))
