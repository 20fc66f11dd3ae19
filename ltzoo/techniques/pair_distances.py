"""Add range loss or the lifted structured loss to the loss of a stage."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.checks import Few, NonNegative
from ltzoo.layers.lengths import unit_length
from ltzoo.losses.pair_distances import lifted_structure, range_loss
from ltzoo.protocols import Classifier
from ltzoo.techniques.feature_loss import FeatureLoss
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


class _PairDistances(FeatureLoss):
    """Base of both: features of length 1 if `normalize` says so, and one-hot classes."""

    registered = ""

    def __init__(self, normalize: bool = True, margin: NonNegative = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.normalize = bool(normalize)
        self.margin = float(margin)

    def attach(self, classifier: Classifier) -> None:
        """Check that images have one class each."""
        check_views(classifier, self, 1, self.registered, companion=False)
        self._classes = classifier.num_classes

    def feature_loss(self, labels: Any, features: Any) -> Any:
        """Compute the weighted loss."""
        own = ops.one_hot(classes_of(labels, self.registered), self._classes, dtype=features.dtype)
        return self.pair_loss(own, unit_length(features, axis=-1) if self.normalize else features)

    def pair_loss(self, own: Any, features: Any) -> Any:
        """Return the scalar for one-hot classes and features."""
        raise NotImplementedError(f"{type(self).__name__} must implement pair_loss(own, features).")

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "normalize": self.normalize, "margin": self.margin}


@register("range_loss")
@keras.saving.register_keras_serializable(package="ltzoo")
class RangeLoss(_PairDistances):
    """Keep the largest distances within classes small, and the smallest between class means large.

        loss = L(y, z) + range_loss(x)

    x are the pooled features, and the range loss is `ltzoo.losses.pair_distances.range_loss` (Zhang et al., ICCV 2017).
    Batches need several images per class, as those of the sampler "class_aware".

    The authors released no code, and their margin and weights are for a face network. Features have length 1 here,
    which makes margin and weights independent of the network; the weights are this library's choice.

    Args:
        normalize: scale the features to length 1.
        margin: of the squared distance between class means.
        intra_weight: weight of the distances within classes.
        inter_weight: weight of the margin.
        largest: number of distances per class, k; 2 as in the paper.

    Raises:
        ValueError: an argument is out of range, or images have views or mixed labels.
    """

    registered = "range_loss"

    def __init__(
        self,
        normalize: bool = True,
        margin: NonNegative = 1.0,
        intra_weight: NonNegative = 0.01,
        inter_weight: NonNegative = 0.1,
        largest: Few = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(normalize, margin, **kwargs)
        self.intra_weight = float(intra_weight)
        self.inter_weight = float(inter_weight)
        self.largest = int(largest)

    def pair_loss(self, own: Any, features: Any) -> Any:
        """Return the range loss."""
        weights = {"intra_weight": self.intra_weight, "inter_weight": self.inter_weight}
        return range_loss(own, features, largest=self.largest, margin=self.margin, **weights)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "intra_weight": self.intra_weight,
            "inter_weight": self.inter_weight,
            "largest": self.largest,
        }


@register("lifted_structure")
@keras.saving.register_keras_serializable(package="ltzoo")
class LiftedStructure(_PairDistances):
    """Draw features of a class together, against all features of other classes at once.

        loss = L(y, z) + weight lifted(x)

    x are the pooled features, of length 1 as in the library it follows, and `lifted` is
    `ltzoo.losses.pair_distances.lifted_structure` (Oh Song et al., CVPR 2016). Batches need several images per class,
    as those of the sampler "class_aware". The tables of long-tailed recognition do not say which weight they use.

    Args:
        normalize: scale the features to length 1.
        margin: 1 as published.
        weight: of the loss on features.

    Raises:
        ValueError: an argument is out of range, or images have views or mixed labels.
    """

    registered = "lifted_structure"

    def __init__(
        self, normalize: bool = True, margin: NonNegative = 1.0, weight: NonNegative = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(normalize, margin, **kwargs)
        self.weight = float(weight)

    def pair_loss(self, own: Any, features: Any) -> Any:
        """Return the weighted lifted structured loss."""
        return self.weight * lifted_structure(own, features, margin=self.margin)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "weight": self.weight}
