"""Repeat the training of a head on cached features: on folds, for out-of-fold logits, and on all images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import integer
from ltzoo.data.group_splits import ALWAYS_TRAINED, fold_of_each
from ltzoo.phases import phase
from ltzoo.protocols import OutOfFold
from ltzoo.sampling import make_sampler
from ltzoo.training.callbacks import StopOnNonFiniteLoss
from ltzoo.training.devices import batch_divisor
from ltzoo.training.features import CachedFeatureTrainer, extract_features
from ltzoo.training.feed import training_feed

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset

_CHUNK = 1024


def cross_fit(
    model: Any,
    dataset: LongTailedDataset,
    index: int,
    seed: int,
    folds: int,
    *,
    epochs: int | None = None,
    begin: Callable[[int], None],
) -> OutOfFold:
    """Train the head of a stage again on folds, and at last on the training and the validation images.

    Each training starts from new weights and repeats that of the stage: loss, optimizer, schedule, sampler and number
    of epochs. The images of a fold get logits by the head of the other folds. Folds are stratified and keep the
    `groups` of splits whole. Afterwards the head is the one that was trained on all images.

    Args:
        model: the classifier. It leaves in the stage that it came in.
        dataset: its dataset.
        index: the stage, which has cached features and begins with a head of its own.
        seed: seed of the folds, of the new weights and of the order of images.
        folds: number of folds, at least 2.
        epochs: number of epochs; None for those of the stage.
        begin: begins the head of the stage after new weights were drawn, from a seed.

    Returns:
        logits float32 `[n, C]` and labels of all images whose class has other images, or other groups, to learn from;
        those of the training split come first.
    """
    features, labels, fold = fold_features(model, dataset, seed, folds)
    before = model.stage
    logits = np.zeros((len(labels), model.num_classes), np.float32)
    model.enter_stage(index)
    try:
        with phase("training on folds", folds + 1, unit="trainings") as training:
            for number in range(folds):
                left_out = np.flatnonzero(fold == number)
                if len(left_out):
                    kept = np.flatnonzero(fold != number)
                    _train(model, index, _seed(seed, number), features[kept], labels[kept], epochs, begin)
                    logits[left_out] = _logits(model.head, features[left_out])
                training.advance()
            _train(model, index, _seed(seed, folds), features, labels, epochs, begin)
            training.advance()
    finally:
        model.enter_stage(before)
    measured = np.flatnonzero(fold != ALWAYS_TRAINED)
    return OutOfFold(logits[measured], labels[measured], measured)


def fold_features(
    model: Any, dataset: LongTailedDataset, seed: int, folds: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, labels and folds of the training and validation images, as `cross_fit` takes them.

    Args:
        model: the classifier.
        dataset: its dataset.
        seed: seed of the folds.
        folds: number of folds, at least 2.

    Returns:
        features float32 `[N, D]`, labels `[N]`, and the fold `[N]` that leaves each image out, or -1 if none does.
    """
    folds = integer("folds", folds, 2)
    splits = [split for split in (dataset.train, dataset.val) if split is not None and len(split.labels)]
    features = np.concatenate([extract_features(model, split) for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    return features, labels, fold_of_each(labels, _groups(splits), folds, seed)


def _train(model, index, seed, features, labels, epochs, begin):
    """Train the head of a stage from new weights."""
    stage = model.recipe.stages[index]
    epochs = stage.epochs if epochs is None else epochs
    model.reinitialize_head(seed)
    begin(seed)
    sampler: Any = make_sampler(
        labels,
        batch_size=stage.batch_size,
        seed=seed,
        num_classes=model.num_classes,
        num_epochs=stage.epochs,
        drop_remainder=batch_divisor() > 1,
        **stage.sampler,
    )
    trainee: Any = CachedFeatureTrainer(model)
    trainee.compile(**model.stage_compile_arguments(index, sampler.steps_per_epoch))
    keras.Model.fit(
        trainee,
        **training_feed(sampler, features.__getitem__, None, num_epochs=epochs),
        epochs=epochs,
        verbose=0,
        callbacks=[StopOnNonFiniteLoss(index + 1)],
    )


def _logits(head, features):
    chunks = (features[start : start + _CHUNK] for start in range(0, len(features), _CHUNK))
    return np.concatenate([ops.convert_to_numpy(head(chunk, training=False)) for chunk in chunks])


def _groups(splits):
    """Return the group of each image of all splits, or None if no split has groups."""
    known = [getattr(split, "groups", None) for split in splits]
    if all(groups is None for groups in known):
        return None
    numbers = [
        -1 - np.arange(len(split.labels)) if groups is None else np.asarray(groups)
        for split, groups in zip(splits, known, strict=True)
    ]
    return np.concatenate(numbers)


def _seed(seed, number):
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
