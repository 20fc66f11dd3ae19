"""Contrast whose classes are drawn to targets that are spread over the sphere (TSC)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import Few, Fraction, NonNegative, Positive, Seed, Size
from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.layers.lengths import unit_length
from ltzoo.layers.momentum_copy import MomentumCopy
from ltzoo.layers.projection_head import ProjectionHead
from ltzoo.losses.targeted_contrastive import targeted_contrastive, uniform_targets
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.assignment import cheapest_assignment
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


@register("targeted_contrastive")
@keras.saving.register_keras_serializable(package="ltzoo")
class TargetedContrastive(Technique):
    """Targeted supervised contrastive learning (TSC, Li et al., CVPR 2022).

    The first view of each image gives the query z, the second one, by a momentum copy of backbone and projection, the
    key k. A query has its key, up to `positives` entries of its class from a queue of earlier keys, and the target of
    its class as positives; all entries and targets are in the denominator:

        loss = mean_i TSC_i(z, k ; queue, targets) + L(y, head(constant features))

    with `ltzoo.losses.targeted_contrastive.targeted_contrastive`. The targets are spread over the sphere. Which target
    a class has is the best match of targets and class centers, m_c <- 0.9 m_c + 0.1 (mean query of c in the batch), all
    of length 1. L, the loss of the stage, trains the head along and reaches nothing else.

    As in the released LTH14/targeted-supcon, moco/builder.py with the options of its README. Deviations: targets are
    matched when an epoch begins, there at each step; the queue starts empty, there with random vectors; there is no
    classifier in the released stage; batches are not shuffled between devices.

    Args:
        queue_size: 65,536 as published for ImageNet-LT.
        positives: 6 as published.
        momentum: of the momentum copy; 0.999 as published.
        temperature: 0.07 as published.
        target_weight: 0.2 as published.
        hidden_units: hidden units of the projection; None for the number of features, as published.
        units: size of the embedding; 128 as published.
        seed: of projection, targets and the choice of positives; filled in by the classifier.

    Raises:
        ValueError: an argument is out of range, or the stage's sampler has other groups than two views.
    """

    projection: ProjectionHead
    key_backbone: MomentumCopy
    key_projection: MomentumCopy

    def __init__(
        self,
        queue_size: Size = 1024,
        positives: Few = 6,
        momentum: Fraction = 0.999,
        temperature: Positive = 0.07,
        target_weight: NonNegative = 0.2,
        hidden_units: Size | None = None,
        units: Size = 128,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.queue_size = int(queue_size)
        self.positives = int(positives)
        self.momentum = float(momentum)
        self.temperature = float(temperature)
        self.target_weight = float(target_weight)
        self.hidden_units = hidden_units
        self.units = int(units)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def attach(self, classifier: Classifier) -> None:
        """Create the projection, the momentum copy, the queue, the class centers and the targets."""
        check_views(classifier, self, 2, "targeted_contrastive", companion=False)
        self.projection = ProjectionHead(
            self.units, self.hidden_units, False, seed=self.seed, dtype="float32", name="projection"
        )
        self.projection.build((None, classifier.feature_size))
        self.key_backbone = MomentumCopy.of(classifier.backbone, self.momentum, name="key_backbone")
        self.key_projection = MomentumCopy.of(self.projection, self.momentum, name="key_projection")
        classes = classifier.num_classes
        self.queue = self.add_state("queue", (self.queue_size, self.units))
        self.queue_labels = self.add_state("queue_labels", (self.queue_size,), dtype="int32")
        self.centers = self.add_state("centers", (classes, self.units))
        self.class_targets = self.add_state(
            "class_targets", (classes, self.units)
        )  # row c: the target of class c

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Copy the network to the momentum copy, empty the queue and draw centers and targets."""
        self.key_backbone.reset(classifier.backbone)
        self.key_projection.reset(self.projection)
        self.queue.assign(np.zeros(self.queue.shape))
        self.queue_labels.assign(np.full(self.queue_labels.shape, -1))
        seed = 0 if self.seed is None else self.seed
        centers = np.random.default_rng([seed, 1]).normal(size=self.centers.shape)
        self.centers.assign(centers / np.linalg.norm(centers, axis=1, keepdims=True))
        self.class_targets.assign(uniform_targets(*self.class_targets.shape, seed=seed))

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Match the targets to the class centers."""
        centers, targets = (ops.convert_to_numpy(value) for value in (self.centers, self.class_targets))
        self.class_targets.assign(targets[cheapest_assignment(-centers @ targets.T)])

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of constant features of the first views; keep queries and keys."""
        images = classifier.normalize_images(images, training=True)
        self.key_backbone.update(classifier.backbone)
        self.key_projection.update(self.projection)
        keys = pool(self.key_backbone(images[1::2], training=True))
        keys = ops.stop_gradient(self.key_projection(keys, training=True))
        inputs = head_inputs(classifier.head, classifier.backbone(images[::2], training=True))
        queries = self.projection(pool(inputs), training=True)
        return classifier.head(ops.stop_gradient(inputs), training=True), (queries, keys)

    def targets(self, labels: Any) -> Any:
        """Return one label for each pair of views."""
        return labels[::2]

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the loss of the class docstring; move the centers and the queue."""
        queries, keys = kept
        classification = classification_loss(labels, logits)
        classes = classes_of(labels, "targeted_contrastive")
        own = ops.one_hot(classes, self.class_targets.shape[0], dtype="float32")
        queue, queue_labels = ops.convert_to_tensor(self.queue), ops.convert_to_tensor(self.queue_labels)
        contrast = targeted_contrastive(
            queries,
            keys,
            queue,
            ops.convert_to_tensor(self.class_targets),
            self._chosen(ops.equal(classes[:, None], queue_labels[None])),
            queue_labels >= 0,
            own,
            temperature=self.temperature,
            target_weight=self.target_weight,
        )
        sums = ops.matmul(ops.transpose(own), ops.stop_gradient(queries))
        moved = 0.9 * ops.convert_to_tensor(self.centers) + 0.1 * unit_length(sums, axis=-1)
        present = ops.sum(own, axis=0)[:, None] > 0
        self.centers.assign(
            ops.where(present, unit_length(moved, axis=-1), ops.convert_to_tensor(self.centers))
        )
        self.queue.assign(ops.concatenate([keys, queue], axis=0)[: self.queue_size])
        self.queue_labels.assign(ops.concatenate([classes, queue_labels], axis=0)[: self.queue_size])
        return ops.cast(ops.mean(contrast), classification.dtype) + classification

    def _chosen(self, same):
        """Return a random choice of up to `positives` true entries in each row of booleans `[B, Q]`."""
        draws = keras.random.uniform(ops.shape(same), seed=self.random)
        draws = ops.where(same, draws, -ops.ones_like(draws))
        count = min(self.positives, self.queue_size)
        least = ops.top_k(draws, count)[0][:, -1:]
        return ops.logical_and(same, draws >= least)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "queue_size": self.queue_size,
            "positives": self.positives,
            "momentum": self.momentum,
            "temperature": self.temperature,
            "target_weight": self.target_weight,
            "hidden_units": self.hidden_units,
            "units": self.units,
            "seed": self.seed,
        }
