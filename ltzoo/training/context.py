"""The view of data and network that heads and techniques get when their stage begins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from ltzoo import heads
from ltzoo.heads.inputs import takes_map
from ltzoo.keras_internals import untracked
from ltzoo.protocols import Classifier, OutOfFold
from ltzoo.training.cross_fit import cross_fit, fold_features
from ltzoo.training.features import extract_features, in_batches, stream_features

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


class StageContext:
    """The data and the network at the start of a stage. Everything is computed on request, in inference mode.

    Args:
        classifier: the classifier, already in the stage.
        dataset: its dataset.
        index: the number of the stage, 0 for the first.
        seed: the seed of the stage.
        trained: the stage of each epoch that was trained, 1 for the first; the history's own.
    """

    def __init__(
        self,
        classifier: Classifier,
        dataset: LongTailedDataset,
        index: int,
        seed: int,
        trained: Sequence[int] = (),
    ) -> None:
        self.classifier = classifier
        self.trained = list(trained)
        self.dataset = dataset
        self.index = index
        self.seed = seed
        self.class_counts = classifier.class_counts
        self.num_classes = classifier.num_classes

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Return pooled features float32 `[N, D]` and labels int64 `[N]` of the training images."""
        return self._train_features, self._train_labels

    def features_at(self, positions: Sequence[int] | np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Return pooled features float32 `[n, D]` of the training images at `positions`; each image is embedded once.

        Features of all images, if they were computed before, are used.
        """
        chosen, place = np.unique(np.asarray(positions, np.int64), return_inverse=True)
        if "_train_features" in self.__dict__:
            return self._train_features[chosen][place]
        compute = self.classifier.extract_features_on_batch
        return in_batches(compute, self.dataset.train, chosen, batch_size, "computing features")[place]

    def val_features(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the same for the validation images, or None if there are none."""
        split = self.dataset.val
        if split is not None and getattr(split, "streamed", False):
            return stream_features(self.classifier, split)
        if split is None or len(split.labels) == 0:
            return None
        return extract_features(self.classifier, split), split.labels

    def feature_maps(self, positions: Sequence[int] | np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Return feature maps float32 `[n, h, w, D]` of the training images at `positions`."""
        compute = self.classifier.extract_feature_maps_on_batch
        return in_batches(compute, self.dataset.train, positions, batch_size)

    def logits(self, batch_size: int = 256) -> np.ndarray:
        """Return logits float32 `[N, C]` of the training images, from the head of the previous stage."""
        numbers = self.classifier.head_numbers
        head = self.classifier.heads[numbers[max(self.index - 1, 0)]]
        if takes_map(head):
            positions = np.arange(len(self.dataset.train.labels))
            chunks = (
                self.feature_maps(positions[start : start + batch_size], batch_size)
                for start in range(0, len(positions), batch_size)
            )
        else:
            features = self._train_features
            chunks = (features[start : start + batch_size] for start in range(0, len(features), batch_size))
        return np.concatenate([ops.convert_to_numpy(head(chunk, training=False)) for chunk in chunks])

    def keep_out_of_fold(self, found: OutOfFold) -> None:
        """Let the classifier keep the logits that measure it, as `out_of_fold`."""
        untracked(self.classifier, "out_of_fold", found)

    def refit(self, folds: int) -> OutOfFold:
        """Train the head of the previous stage again, on the training and validation images; see `cross_fit`.

        Args:
            folds: number of folds.

        Returns:
            the logits of each image by a head that was not trained on it.
        """
        index, model = self.index - 1, self.classifier
        previous = model.heads[model.head_numbers[index - 1]] if index > 0 else None

        def begin(seed):
            context = StageContext(model, self.dataset, index, seed)
            context.__dict__["_train_features"] = self._train_features
            heads.begin(model.head, previous, context)

        epochs = self.trained.count(self.index) or None
        return cross_fit(model, self.dataset, index, self.seed, folds, epochs=epochs, begin=begin)

    def fold_features(self, folds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features, labels and folds of the training and validation images, as `refit` takes them.

        Args:
            folds: number of folds.

        Returns:
            features float32 `[N, D]`, labels `[N]`, and the fold `[N]` that leaves each image out, or -1.
        """
        return fold_features(self.classifier, self.dataset, self.seed, folds)

    @cached_property
    def _train_features(self):
        if getattr(self.dataset.train, "streamed", False):  # Another pass may have another order.
            features, self.__dict__["_train_labels"] = stream_features(self.classifier, self.dataset.train)
            return features
        return extract_features(self.classifier, self.dataset.train)

    @cached_property
    def _train_labels(self):
        return self.dataset.train.labels
