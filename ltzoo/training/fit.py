"""The staged fit: every stage of a recipe, with checkpoints, on one history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.data import augmentation
from ltzoo.protocols import StagedClassifier
from ltzoo.sampling import make_sampler
from ltzoo.training.callbacks import SaveCheckpoint, StagedHistory, StageLog, StopOnNonFiniteLoss
from ltzoo.training.checkpoint import Checkpoint, ResumeError, restore
from ltzoo.training.context import StageContext
from ltzoo.training.devices import batch_divisor, check_batch_size
from ltzoo.training.features import CachedFeatureTrainer, extract_features
from ltzoo.training.feed import training_feed, validation_feed
from ltzoo.training.on_device import check_on_device, device_feed

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


def fit_stages(
    model: StagedClassifier,
    dataset: LongTailedDataset,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    seed: int = 0,
    validate: bool = True,
    workers: int = 1,
    shard_index: int = 0,
    shard_count: int = 1,
    on_device: bool = False,
) -> keras.callbacks.History:
    """Trains a `LongTailedClassifier` through all stages of its recipe.

    Every callback works in every stage: `on_train_begin` and `on_train_end` are called once a stage, epochs go on
    counting, and the logs of an epoch hold `stage` (1, 2, ..). With cached features `callback.model` is the head
    alone during that stage.

    Args:
        model: the classifier.
        dataset: a `LongTailedDataset` with the model's classes.
        callbacks: Keras callbacks.
        verbose: as in `keras.Model.fit`.
        checkpoint: a folder; the state is saved there at the end of every epoch.
        resume: go on from that folder. A finished training returns at once.
        seed: seeds sampling, augmentation and re-initialised heads. The same seed, backend and processor type give
            the same weights, interrupted or not.
        validate: compute `val_` metrics on `dataset.val` where there is one.
        workers: threads that prepare batches.
        shard_index, shard_count: this host's number and the number of hosts; each takes its part of every batch.
        on_device: keep all training images on the accelerator and train an epoch of steps a call (JAX; stages with
            `augment_on="device"`). Callbacks then see one or two "batches" an epoch. See `ltzoo.training.on_device`.

    Under a `keras.distribution` batches must divide among its devices: a last batch that is not full is left out of
    an epoch, and the images of `dataset.val` that are left over do not count.

    Returns:
        A Keras `History`; its `history` has one entry an epoch over all stages, with `stage` among the keys.

    Raises:
        NonFiniteLossError: the loss is infinite or NaN. The checkpoint keeps the last good epoch.
        ResumeError: `checkpoint` holds a training and `resume` is False, or it is another training's.
        ValueError: dataset and model do not fit.
    """
    check_dataset(model, dataset)
    store, state, history = None, None, StagedHistory()
    if checkpoint is None and resume:
        raise ResumeError(
            "`resume=True` needs `checkpoint`, the folder to resume from. Received: checkpoint=None"
        )
    if checkpoint is not None:
        store = Checkpoint(checkpoint, identity(model, seed))
        if store.exists():
            if not resume:
                raise ResumeError(
                    f"`checkpoint` holds a training already. Go on with it by resume=True, or use another folder. "
                    f"Received: checkpoint={str(checkpoint)!r}"
                )
            state = store.load()
            history = StagedHistory(state["epoch"], state["history"])
    model.load_files()
    offset = 0
    for index, stage in enumerate(model.recipe.stages):
        if state is None or index >= state["stage"]:
            done = state["epochs_done"] if state is not None and index == state["stage"] else 0
            saved = state if state is not None and index == state["stage"] else None
            feed = dict(
                workers=workers, shard_index=shard_index, shard_count=shard_count, on_device=on_device
            )
            run = _StageRun(model, dataset, index, stage_seed(seed, index), saved, feed)
            if done < stage.epochs:
                validation = dataset.val if validate else None
                run.fit(offset, done, validation, callbacks, verbose, store, history)
        offset += stage.epochs
    model.finish_training()
    model.history = history
    return history


def stage_seed(seed: int, index: int) -> int:
    """The seed of stage number `index`: unrelated streams for neighbouring seeds and stages."""
    return int(np.random.SeedSequence([int(seed), int(index)]).generate_state(1)[0])


def check_dataset(model: StagedClassifier, dataset: LongTailedDataset) -> None:
    """Raises a ValueError that says how a dataset does not fit a model.

    A model whose classes have numbers for names, as zoo entries have them where the names come with the images (the
    folders of ImageNet-LT), takes the names of a dataset with the same class counts.
    """
    if dataset.num_classes != model.num_classes:
        raise ValueError(
            f"`dataset` has {dataset.num_classes} classes and the model {model.num_classes}. Build the model with "
            f"this dataset's class counts. Received: dataset={dataset.name!r}"
        )
    names, expected = list(dataset.class_names), list(model.class_names)
    if names != expected and not _has_numbers_for_names(model):
        first = next(i for i, (a, b) in enumerate(zip(names, expected, strict=True)) if a != b)
        raise ValueError(
            "`dataset` and model order their classes differently, so labels would mean other classes. First "
            f"difference: class {first} is {names[first]!r} in the data and {expected[first]!r} in the model. "
            "Load the data with `class_names=model.class_names`."
        )
    if tuple(dataset.image_shape) != tuple(model.image_shape):
        raise ValueError(
            f"`dataset` has images of shape {tuple(dataset.image_shape)} and the model takes "
            f"{tuple(model.image_shape)}. Load the data with that image size or build the model for this one."
        )
    if not np.array_equal(dataset.class_counts, model.class_counts):
        raise ValueError(
            "`dataset` has other class counts than the model was built with; losses and clouds would not fit. "
            f"Received: {_head(dataset.class_counts)}, the model has {_head(model.class_counts)}"
        )
    take_names(model, dataset)


def take_names(model: StagedClassifier, dataset: LongTailedDataset) -> None:
    """Names the classes of a model that has numbers for names after a dataset with the same class counts."""
    if _has_numbers_for_names(model) and np.array_equal(dataset.class_counts, model.class_counts):
        model.class_names = tuple(dataset.class_names)


def _has_numbers_for_names(model):
    return tuple(model.class_names) == tuple(str(label) for label in range(model.num_classes))


class _StageRun:
    """One stage: the model in its state, the batches, and the call of Keras's fit."""

    def __init__(self, model, dataset, index, seed, saved, feed):
        self.model, self.index, self.saved = model, index, saved
        self.stage = stage = model.recipe.stages[index]
        split = dataset.train
        self.divisor = batch_divisor()
        check_batch_size(stage.batch_size, self.divisor)
        model.enter_stage(index)
        if saved is not None:
            restore(model.variables, saved["model"])
        else:
            model.begin_stage(StageContext(model, dataset, index, seed))
        if not stage.epochs:
            return
        if feed["on_device"]:
            check_on_device(stage, index + 1)
        sampler = self._sampler(split.labels, seed, feed)
        model.set_stage(index, steps_per_epoch=sampler.steps_per_epoch)
        self.trainee, load, transform = model, split.load, None
        if stage.cache_features:
            features = extract_features(model, split)
            load = features.__getitem__
            self.trainee = CachedFeatureTrainer(model)
            self.trainee.compile(**model.stage_compile_arguments(index, sampler.steps_per_epoch))
        elif stage.augment_on == "host":
            transform = augmentation.get(
                list(stage.augmentation),
                num_classes=model.num_classes,
                mixup_alpha=stage.mixup_alpha,
                class_counts=model.class_counts,
            )
        if feed["on_device"]:
            self.feed = lambda **epochs: device_feed(model, split, sampler, **epochs)
        else:
            self.feed = lambda **epochs: training_feed(
                sampler, load, transform, workers=feed["workers"], **epochs
            )

    def _sampler(self, labels, seed, feed):
        stage, technique = self.stage, self.model.technique
        arguments = dict(
            shard_index=feed["shard_index"],
            shard_count=feed["shard_count"],
            drop_remainder=self.divisor > 1,
        )
        if technique is not None:
            own = technique.make_sampler(self.model, labels, stage.batch_size, seed, **arguments)
            if own is not None:
                return own
        return make_sampler(
            labels,
            batch_size=stage.batch_size,
            seed=seed,
            num_classes=self.model.num_classes,
            num_epochs=stage.epochs,
            **arguments,
            **stage.sampler,
        )

    def fit(self, offset, done, validation, callbacks, verbose, store, history):
        """Runs the epochs of the stage that are not done yet."""
        trainee, number = self.trainee, self.index + 1
        trainee.optimizer.build(trainee.trainable_variables)
        if self.saved is not None:
            restore(trainee.optimizer.variables, self.saved["optimizer"])

        def save(_, epoch):
            if store is not None:
                store.save(
                    self.model,
                    trainee.optimizer,
                    stage=self.index,
                    epochs_done=epoch + 1 - offset,
                    history=history,
                )

        keras.Model.fit(
            trainee,
            **self.feed(first_epoch=done, num_epochs=self.stage.epochs - done),
            epochs=offset + self.stage.epochs,
            initial_epoch=offset + done,
            verbose=verbose,
            validation_data=self._validation(validation),
            callbacks=[
                StageLog(number),
                *_technique_callbacks(self.model.technique, offset, self.stage.epochs),
                StopOnNonFiniteLoss(number),
                *callbacks,
                SaveCheckpoint(save, history),
            ],
        )

    def _validation(self, split):
        if split is None or len(split.labels) == 0:
            return None
        load = split.load
        if self.stage.cache_features:
            load = extract_features(self.model, split).__getitem__
        usable = len(split.labels) - len(split.labels) % self.divisor
        return validation_feed(split.labels[:usable], load, self.stage.batch_size)


def _technique_callbacks(technique, offset, epochs):
    if technique is None:
        return []
    return [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs=None: technique.on_epoch_begin(epoch - offset, epochs)
        )
    ]


def identity(model: StagedClassifier, seed: int) -> dict[str, Any]:
    """What must be equal when a checkpoint is saved and when a training goes on from it."""
    return {
        "recipe": model.recipe.to_dict(),
        "class_counts": model.class_counts.tolist(),
        "class_names": list(model.class_names),
        "seed": int(seed),
        "backend": keras.backend.backend(),
    }


def _head(values):
    values = [int(value) for value in values]
    return f"{values[:10]}{'...' if len(values) > 10 else ''}"
