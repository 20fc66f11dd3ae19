"""Draw features to the class means of the epoch before, and to their relations with other classes (DTRG)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import NonNegative, NonNegativeInt, Positive, one_of
from ltzoo.layers.lengths import unit_length
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_relations import FORMS, target_relations
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.feature_loss import FeatureLoss
from ltzoo.techniques.registry import register


@register("target_relations")
@keras.saving.register_keras_serializable(package="ltzoo")
class TargetRelations(FeatureLoss):
    """Regularize features by a graph of the classes that training itself updates (DTRG, Liu et al., IEEE TIP 2022).

        loss = L(y, z) + R(y, x ; M)                        from epoch `start` on, counted from 0

    x are the pooled features and R is `ltzoo.losses.target_relations.target_relations`. M are the class means of the
    features in the batches of the epoch before. A class that an epoch leaves out keeps its mean. Mixed images, such as
    those of mixup, count for both classes by their shares (inter-class relation augmentation).

    As in the released AkonLau/DTRG, coding_functions/dtrg.py. Deviation: a class mean is 0 before the first image of
    the class; there it is random.

    Args:
        center_weight, eta, tau, form: see `target_relations`.
        start: 1 as published.

    Raises:
        ValueError: an argument is out of range.
    """

    means: keras.Variable
    sums: keras.Variable
    counts: keras.Variable
    active: keras.Variable

    def __init__(
        self,
        center_weight: NonNegative = 1e-3,
        eta: NonNegative = 1.0,
        tau: Positive = 1.0,
        form: str = "euclidean",
        start: NonNegativeInt = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        one_of("form", form, FORMS)
        self.center_weight = float(center_weight)
        self.eta = float(eta)
        self.tau = float(tau)
        self.form = form
        self.start = int(start)

    def attach(self, classifier: Classifier) -> None:
        """Create the means, and what the epoch adds up for the next ones."""
        shape = (classifier.num_classes, classifier.feature_size)
        self.means, self.sums = self.add_state("means", shape), self.add_state("sums", shape)
        self.counts, self.active = self.add_state("counts", shape[:1]), self.add_state("active", ())

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Forget the means of earlier runs."""
        for value in (self.means, self.sums, self.counts):
            value.assign(np.zeros(value.shape))

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Switch the loss on features on or off."""
        self.active.assign(float(epoch >= self.start))

    def on_epoch_end(self, epoch: int, epochs: int) -> None:
        """Take over the means of the epoch."""
        means, sums, counts = (
            np.array(ops.convert_to_numpy(value)) for value in (self.means, self.sums, self.counts)
        )
        seen = counts > 0
        means[seen] = sums[seen] / counts[seen, None]
        self.means.assign(means)
        self.sums.assign(np.zeros(sums.shape))
        self.counts.assign(np.zeros(counts.shape))

    def feature_loss(self, labels: Any, features: Any) -> Any:
        """Add the features to the sums of their classes, and compute R."""
        shares = soft_labels(labels, self.means.shape[0], features.dtype)
        constant = ops.stop_gradient(features)
        self.sums.assign(self.sums + ops.cast(ops.matmul(ops.transpose(shares), constant), "float32"))
        self.counts.assign(self.counts + ops.cast(ops.sum(shares, axis=0), "float32"))
        means = ops.cast(self.means, features.dtype)
        return ops.cast(self.active, features.dtype) * target_relations(
            shares,
            features,
            means,
            unit_length(features, axis=-1),
            unit_length(means, axis=-1),
            center_weight=self.center_weight,
            eta=self.eta,
            tau=self.tau,
            form=self.form,
        )

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "center_weight": self.center_weight,
            "eta": self.eta,
            "tau": self.tau,
            "form": self.form,
            "start": self.start,
        }
