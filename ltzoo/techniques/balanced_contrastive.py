"""Classification combined with balanced contrastive learning (BCL)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.checks import Few, NonNegative, Positive, Seed, Size, one_of
from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.layers.projection_head import ProjectionHead
from ltzoo.losses.balanced_contrastive import balanced_contrastive
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


@register("balanced_contrastive")
@keras.saving.register_keras_serializable(package="ltzoo")
class BalancedContrastive(Technique):
    """Classify one view of each image and contrast the others (BCL, Zhu et al. 2022).

        loss = lambda L(y, head(f_1)) + mu mean_i BCL_i(z_2, z_3 ; c)

    Here f_v are the features of view v and z_v = projection(f_v). The prototypes c_j = projection'(w_j) come from
    the classifier's class vectors w_j. L is the loss of the stage (balanced softmax in the paper), and BCL_i is
    `ltzoo.losses.balanced_contrastive.balanced_contrastive`. The two projections are separate networks with one
    hidden layer. They exist only in training, and so does the contrast.

    It needs a head with class vectors (`kernel`) and a sampler with `views`.

    The defaults are for CIFAR. The released code covers only the large datasets.

    Args:
        views: number of views of each image. With 3, as published, the first is for the classifier and two are for
            contrast. With 2, both are for contrast and the first is also for the classifier, which costs a third less.
        classification_weight: lambda. 2 on CIFAR; 1 on ImageNet-LT and iNaturalist.
        contrastive_weight: mu. 0.6 on CIFAR; 0.35 on ImageNet-LT and iNaturalist.
        temperature: temperature of the contrast. 0.1 on CIFAR, 0.07 on the large datasets.
        hidden_units: hidden units of both projections. 512 on CIFAR; None for the number of features, as on
            ImageNet-LT (2048).
        units: size of the embedding. 128 on CIFAR, 1024 on the large datasets.
        batch_normalization: use batch normalization in the projections, as in the published code.
        form: form of the contrastive loss.
        seed: seed of the projections' initial weights; filled in by the classifier.

    Raises:
        ValueError: if an argument is out of range, no head has class vectors, or the stage's sampler has a different
            number of views.
    """

    projection: ProjectionHead
    prototype_projection: ProjectionHead

    def __init__(
        self,
        views: Few = 3,
        classification_weight: NonNegative = 2.0,
        contrastive_weight: NonNegative = 0.6,
        temperature: Positive = 0.1,
        hidden_units: Size | None = 512,
        units: Size = 128,
        batch_normalization: bool = True,
        form: str = "published",
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        one_of("views", views, (2, 3))
        self.views = int(views)
        self.classification_weight = float(classification_weight)
        self.contrastive_weight = float(contrastive_weight)
        self.temperature = float(temperature)
        self.hidden_units = hidden_units
        self.units = int(units)
        self.batch_normalization = bool(batch_normalization)
        self.form = form
        self.seed = seed

    def attach(self, classifier: Classifier) -> None:
        """Create the two projections."""
        check_views(classifier, self, self.views, "balanced_contrastive", companion=False)
        if not any(getattr(head, "kernel", None) is not None for head in classifier.heads):
            raise ValueError(
                "`head` of 'balanced_contrastive' must have class vectors (`kernel`) for the prototypes; use 'dense' "
                "or 'normalized_dense'. Received: "
                f"head={', '.join(type(head).__name__ for head in classifier.heads)}"
            )
        self.projection = self._projection("projection", 0)
        self.projection.build((None, classifier.feature_size))
        self.prototype_projection = self._projection("prototype_projection", 1)
        self.prototype_projection.build((None, classifier.feature_size))

    def _projection(self, name, number):
        seed = None if self.seed is None else 2 * self.seed + number
        return ProjectionHead(
            self.units, self.hidden_units, self.batch_normalization, seed=seed, dtype="float32", name=name
        )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of the first views; keep embeddings and prototypes."""
        maps = classifier.feature_map(images, training=True)
        head = classifier.head
        inputs = head_inputs(head, maps)
        embeddings = self.projection(pool(inputs), training=True)
        contrast = [embeddings[view :: self.views] for view in range(self.views)][-2:]
        class_vectors = ops.transpose(ops.convert_to_tensor(head.kernel))
        prototypes = self.prototype_projection(class_vectors, training=True)
        logits = head(inputs[:: self.views], training=True)
        return logits, (ops.concatenate(contrast, axis=0), prototypes)

    def targets(self, labels: Any) -> Any:
        """Return one label for each group of views."""
        return labels[:: self.views]

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute lambda L + mu mean BCL; see the class."""
        embeddings, prototypes = kept
        classification = classification_loss(labels, logits)
        classes = classes_of(labels, "balanced_contrastive")
        contrast = balanced_contrastive(
            ops.concatenate([classes, classes], axis=0),
            embeddings,
            prototypes,
            temperature=self.temperature,
            form=self.form,
        )
        contrast = ops.cast(ops.mean(contrast), classification.dtype)
        return self.classification_weight * classification + self.contrastive_weight * contrast

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "views": self.views,
            "classification_weight": self.classification_weight,
            "contrastive_weight": self.contrastive_weight,
            "temperature": self.temperature,
            "hidden_units": self.hidden_units,
            "units": self.units,
            "batch_normalization": self.batch_normalization,
            "form": self.form,
            "seed": self.seed,
        }
