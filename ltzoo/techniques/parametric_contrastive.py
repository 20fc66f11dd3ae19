"""Contrast with learned class centers, a momentum encoder and a queue (PaCo)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import Fraction, NonNegative, Positive, Seed, Size
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.layers.momentum_copy import MomentumCopy
from ltzoo.layers.projection_head import ProjectionHead
from ltzoo.losses.parametric_contrastive import parametric_contrastive
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


@register("parametric_contrastive")
@keras.saving.register_keras_serializable(package="ltzoo")
class ParametricContrastive(Technique):
    """Parametric contrastive learning (PaCo, Cui et al., ICCV 2021).

    The first view of each image goes through the network to its features f. Its logits z = head(f) are its
    similarities to the class centers, and q = projection(f) is the query. The second view goes through a momentum
    copy of backbone and projection, which gives the key. A step is

        v = m v + (1 - m) w                     for the weights w and their momentum copy v
        loss = mean_i PaCo_i(z, q ; keys and queue)
        queue = first K of (keys, queue)

    where PaCo_i is `ltzoo.losses.parametric_contrastive.parametric_contrastive`. The head alone predicts. Projection,
    momentum copy and queue exist only in training. Only validation reports the loss of the stage.

    It needs a sampler with 2 views.

    Deviations: the queue starts empty; the published one starts with random vectors under random labels. The
    published code shuffles batches between devices before it computes the keys, so that the batch norms of several
    GPUs cannot reveal the pairs. Here batches are not shuffled. The published queue length is a multiple of the batch
    size; here any length works.

    Args:
        class_counts: training images per class; filled in by the classifier.
        queue_size: K. 1024 on CIFAR-100-LT, 8192 on the large datasets.
        momentum: m.
        temperature, center_temperature, alpha, beta: parameters of the loss.
        compensate: add the logarithms of the class shares to the logits of the centers in the loss.
        hidden_units: hidden units of the projection; None for the number of features.
        units: size of queries and keys. 32 on CIFAR-100-LT, 128 on the large datasets.
        batch_normalization: use batch normalization in the projection, as in the published code.
        form: form of the loss.
        seed: seed of the projection's initial weights; filled in by the classifier.

    Raises:
        ValueError: if an argument is out of range, or the stage's sampler has a different number of views.
    """

    projection: ProjectionHead
    key_backbone: MomentumCopy
    key_projection: MomentumCopy
    queue: keras.Variable
    queue_labels: keras.Variable

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray | None = None,
        queue_size: Size = 1024,
        momentum: Fraction = 0.999,
        temperature: Positive = 0.05,
        center_temperature: Positive = 1.0,
        alpha: NonNegative = 0.01,
        beta: Positive = 1.0,
        compensate: bool = True,
        hidden_units: Size | None = None,
        units: Size = 32,
        batch_normalization: bool = True,
        form: str = "published",
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if queue_size < 1:
            raise ValueError(f"`queue_size` must be 1 or more. Received: queue_size={queue_size}")
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self.queue_size = int(queue_size)
        self.momentum = float(momentum)
        self.temperature = float(temperature)
        self.center_temperature = float(center_temperature)
        self.alpha = float(alpha)
        self.beta = float(beta)
        self.compensate = bool(compensate)
        self.hidden_units = hidden_units
        self.units = int(units)
        self.batch_normalization = bool(batch_normalization)
        self.form = form
        self.seed = seed

    def attach(self, classifier: Classifier) -> None:
        """Create the projection, the momentum copy and the queue."""
        check_views(classifier, self, 2, "parametric_contrastive", companion=False)
        self.projection = ProjectionHead(
            self.units,
            self.hidden_units,
            self.batch_normalization,
            seed=self.seed,
            dtype="float32",
            name="projection",
        )
        self.projection.build((None, classifier.feature_size))
        self.key_backbone = MomentumCopy.of(classifier.backbone, self.momentum, name="key_backbone")
        self.key_projection = MomentumCopy.of(self.projection, self.momentum, name="key_projection")
        frozen = {"trainable": False, "autocast": False}
        self.queue = self.add_weight(
            name="queue", shape=(self.queue_size, self.units), initializer="zeros", dtype="float32", **frozen
        )
        self.queue_labels = self.add_weight(
            name="queue_labels",
            shape=(self.queue_size,),
            initializer=keras.initializers.Constant(-1),
            dtype="int32",
            **frozen,
        )

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Copy the network's weights to the momentum copy, and empty the queue."""
        self.key_backbone.reset(classifier.backbone)
        self.key_projection.reset(self.projection)
        self.queue.assign(np.zeros(self.queue.shape))
        self.queue_labels.assign(np.full(self.queue_labels.shape, -1))

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of the first views; keep queries and keys."""
        images = classifier.normalize_images(images, training=True)
        self.key_backbone.update(classifier.backbone)
        self.key_projection.update(self.projection)
        keys = pool(self.key_backbone(images[1::2], training=True))
        keys = ops.stop_gradient(self.key_projection(keys, training=True))
        maps = classifier.backbone(images[::2], training=True)
        inputs = head_inputs(classifier.head, maps)
        queries = self.projection(pool(inputs), training=True)
        return classifier.head(inputs, training=True), (queries, keys)

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
        """Compute the mean PaCo loss, and push the keys into the queue."""
        queries, keys = kept
        classes = classes_of(labels, "parametric_contrastive")
        contrasts = ops.concatenate([keys, ops.convert_to_tensor(self.queue)], axis=0)
        contrast_labels = ops.concatenate([classes, ops.convert_to_tensor(self.queue_labels)], axis=0)
        loss = parametric_contrastive(
            classes,
            logits,
            queries,
            contrasts,
            contrast_labels,
            class_counts=self.class_counts if self.compensate else None,
            temperature=self.temperature,
            center_temperature=self.center_temperature,
            alpha=self.alpha,
            beta=self.beta,
            form=self.form,
        )
        self.queue.assign(contrasts[: self.queue_size])
        self.queue_labels.assign(contrast_labels[: self.queue_size])
        return ops.mean(loss)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": None if self.class_counts is None else self.class_counts.tolist(),
            "queue_size": self.queue_size,
            "momentum": self.momentum,
            "temperature": self.temperature,
            "center_temperature": self.center_temperature,
            "alpha": self.alpha,
            "beta": self.beta,
            "compensate": self.compensate,
            "hidden_units": self.hidden_units,
            "units": self.units,
            "batch_normalization": self.batch_normalization,
            "form": self.form,
            "seed": self.seed,
        }
