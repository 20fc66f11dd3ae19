"""Contrast on one batch and classification of another, with the weight shifting between them (Hybrid-SC)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.checks import Positive, Seed, Size, one_of
from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.layers.lengths import unit_length
from ltzoo.layers.projection_head import ProjectionHead
from ltzoo.losses.supervised_contrastive import prototypical_contrastive, supervised_contrastive
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.techniques.two_branch import SCHEDULES, branch_weight
from ltzoo.techniques.views import check_views, classes_of

FORMS = ("supervised", "prototypical")
VIEWS = 2


@register("hybrid_contrastive")
@keras.saving.register_keras_serializable(package="ltzoo")
class HybridContrastive(Technique):
    """Move from contrast to classification in the course of training (hybrid networks, Wang et al., CVPR 2021).

        loss = alpha mean_i contrast_i(z) + (1 - alpha) L(y, head(f)),   alpha = 1 - (epoch / epochs)^2

    z = projection(f') are embeddings of two views of each image of an instance-balanced batch, and f the features of a
    class-balanced batch. L is the loss of the stage. The contrast is
    `ltzoo.losses.supervised_contrastive.supervised_contrastive` (Hybrid-SC), or `prototypical_contrastive` with learned
    prototypes of length 1 (Hybrid-PSC). The projection has one hidden layer without batch normalization. Projection and
    prototypes exist only in training.

    It needs a sampler with two views and a companion, such as
    `{"strategy": "instance_balanced", "views": 2, "companion": {"strategy": "class_balanced"}}`.

    The authors released no code. Here both batches go through the network together, and the contrast is the mean over
    embeddings. The paper prints a sum over the batch.

    Args:
        form: "supervised" or "prototypical".
        temperature: 0.1; 1 for the prototypes on CIFAR-10-LT in the paper.
        hidden_units: hidden units of the projection; None for the number of features.
        units: size of the embedding.
        schedule: of alpha; see `ltzoo.techniques.two_branch.branch_weight`.
        seed: seed of the initial weights; filled in by the classifier.

    Raises:
        ValueError: an argument is out of range, or the stage's sampler draws other groups.
    """

    projection: ProjectionHead
    prototypes: keras.Variable | None
    alpha: keras.Variable

    def __init__(
        self,
        form: str = "supervised",
        temperature: Positive = 0.1,
        hidden_units: Size | None = 512,
        units: Size = 128,
        schedule: str = "parabolic",
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        one_of("form", form, FORMS)
        one_of("schedule", schedule, SCHEDULES)
        self.form = form
        self.temperature = float(temperature)
        self.hidden_units = hidden_units
        self.units = int(units)
        self.schedule = schedule
        self.seed = seed

    def attach(self, classifier: Classifier) -> None:
        """Create the projection, alpha and, for Hybrid-PSC, the prototypes."""
        check_views(classifier, self, VIEWS, "hybrid_contrastive", companion=True)
        self.projection = ProjectionHead(
            self.units, self.hidden_units, False, seed=self.seed, dtype="float32", name="projection"
        )
        self.projection.build((None, classifier.feature_size))
        options: dict[str, Any] = {"dtype": "float32", "autocast": False}
        self.alpha = self.add_weight(name="alpha", shape=(), initializer="ones", trainable=False, **options)
        self.prototypes = None
        if self.form == "prototypical":
            start = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
            shape = (classifier.num_classes, self.units)
            self.prototypes = self.add_weight(name="prototypes", shape=shape, initializer=start, **options)

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign the alpha of the epoch."""
        self.alpha.assign(branch_weight(epoch, epochs, self.schedule))

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of the class-balanced batch; keep the embeddings `[2 B, E]` of the other."""
        inputs = head_inputs(classifier.head, classifier.feature_map(images, training=True))
        features = pool(inputs)
        views = [self.projection(features[view :: VIEWS + 1], training=True) for view in range(VIEWS)]
        logits = classifier.head(inputs[VIEWS :: VIEWS + 1], training=True)
        return logits, ops.concatenate(views, axis=0)

    def targets(self, labels: Any) -> Any:
        """Return the labels of the class-balanced batch."""
        return labels[VIEWS :: VIEWS + 1]

    def loss_labels(self, labels: Any) -> Any:
        """Return all labels."""
        return labels

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute alpha times the contrast and (1 - alpha) times the stage's loss."""
        classification = classification_loss(self.targets(labels), logits)
        classes = classes_of(labels, "hybrid_contrastive")[:: VIEWS + 1]
        classes = ops.concatenate([classes] * VIEWS, axis=0)
        if self.prototypes is None:
            contrast = supervised_contrastive(classes, kept, self.temperature)
        else:
            prototypes = unit_length(ops.convert_to_tensor(self.prototypes), axis=-1)
            contrast = prototypical_contrastive(classes, kept, prototypes, self.temperature)
        alpha = ops.cast(self.alpha, classification.dtype)
        return alpha * ops.cast(ops.mean(contrast), alpha.dtype) + (1.0 - alpha) * classification

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "form": self.form,
            "temperature": self.temperature,
            "hidden_units": self.hidden_units,
            "units": self.units,
            "schedule": self.schedule,
            "seed": self.seed,
        }
