"""The staged fit: all stages of a recipe, with checkpoints and one history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.data import augmentation
from ltzoo.protocols import StagedClassifier
from ltzoo.sampling import make_sampler
from ltzoo.training.alarms import training_alarms, warn
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
    """Train a `LongTailedClassifier` through all stages of its recipe.

    Every callback works in every stage. `on_train_begin` and `on_train_end` are called once per stage, epochs keep
    counting across stages, and the logs of each epoch contain `stage` (1, 2, ...). In a stage with cached features,
    `callback.model` is the head alone.

    Under a `keras.distribution`, the devices must share each batch evenly. The last batch of an epoch is therefore
    dropped if it is not full, and leftover images of `dataset.val` do not count.

    Args:
        model: the classifier.
        dataset: a `LongTailedDataset` with the model's classes.
        callbacks: Keras callbacks.
        verbose: as in `keras.Model.fit`.
        checkpoint: a folder; the state is saved there at the end of every epoch.
        resume: continue from that folder; returns immediately if training has finished.
        seed: seed of sampling, augmentation and reinitialized heads. The same seed, backend and processor type give
            the same weights, interrupted or not.
        validate: compute `val_` metrics on `dataset.val`, if there is one.
        workers: number of threads that prepare batches.
        shard_index, shard_count: number of this host, and number of hosts. Each host takes its part of every batch.
        on_device: keep all training images on the accelerator and train a whole epoch per call. It needs JAX, and
            stages with `augment_on="device"`. Callbacks then see one or two "batches" per epoch; see
            `ltzoo.training.on_device`.

    Returns:
        a Keras `History`; its `history` has one entry per epoch over all stages, with `stage` among the keys. Its
        `alarms` are the signs that nothing was learned, each also a `TrainingAlarm` warning; see
        `ltzoo.training.training_alarms`.

    Raises:
        NonFiniteLossError: if the loss becomes infinite or NaN. The checkpoint keeps the last good epoch.
        ResumeError: if `checkpoint` already contains a run and `resume` is False, or it belongs to a different run.
        ValueError: if dataset and model do not match.
    """
    check_dataset(model, dataset)
    store, state, history = None, None, StagedHistory()
    if checkpoint is None and resume:
        raise ResumeError(
            "`checkpoint` must name the folder to resume from. Received: checkpoint=None, resume=True"
        )
    if checkpoint is not None:
        store = Checkpoint(checkpoint, identity(model, seed))
        if store.exists():
            if not resume:
                raise ResumeError(
                    "`checkpoint` already contains a run. Resume it with `resume=True` or use another folder. "
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
            feed = {
                "workers": workers,
                "shard_index": shard_index,
                "shard_count": shard_count,
                "on_device": on_device,
            }
            run = _StageRun(model, dataset, index, stage_seed(seed, index), saved, feed)
            if done < stage.epochs:
                validation = dataset.val if validate else None
                run.fit(offset, done, validation, callbacks, verbose, store, history)
        offset += stage.epochs
    model.finish_training()
    model.history = history
    history.alarms = training_alarms(model, dataset.train, history.history)
    warn(history.alarms, stacklevel=4)
    return history


def stage_seed(seed: int, index: int) -> int:
    """Return the seed of stage number `index`. Neighboring seeds and stages get unrelated streams."""
    return int(np.random.SeedSequence([int(seed), int(index)]).generate_state(1)[0])


def check_dataset(model: StagedClassifier, dataset: LongTailedDataset) -> None:
    """Raise a ValueError that says why a dataset does not match a model.

    A model may have plain numbers as class names. Zoo entries do so if the names come with the images, such as the
    folder names of ImageNet-LT. Such a model takes the names of a dataset with the same class counts.
    """
    if dataset.num_classes != model.num_classes:
        raise ValueError(
            "`dataset` must have as many classes as the model. Build the model with this dataset's class counts. "
            f"Received: dataset={dataset.name!r} with {dataset.num_classes} classes, a model with {model.num_classes}"
        )
    names, expected = list(dataset.class_names), list(model.class_names)
    if names != expected and not _has_numbers_for_names(model):
        first = next(i for i, (a, b) in enumerate(zip(names, expected, strict=True)) if a != b)
        raise ValueError(
            "`dataset` must order its classes as the model does. Load it with `class_names=model.class_names`. "
            f"Received: class {first} is {names[first]!r} in the dataset and {expected[first]!r} in the model"
        )
    if tuple(dataset.image_shape) != tuple(model.image_shape):
        raise ValueError(
            f"`dataset` must have images of shape {tuple(model.image_shape)}, which the model takes. Load it with "
            "that image size or build the model for its own. "
            f"Received: dataset.image_shape={tuple(dataset.image_shape)}"
        )
    if not np.array_equal(dataset.class_counts, model.class_counts):
        raise ValueError(
            "`dataset` must have the class counts that the model was built with; losses and clouds depend on them. "
            f"Received: class_counts={_head(dataset.class_counts)}, the model has {_head(model.class_counts)}"
        )
    take_names(model, dataset)


def take_names(model: StagedClassifier, dataset: LongTailedDataset) -> None:
    """Copy the class names of a dataset with the same class counts to a model whose names are numbers."""
    if _has_numbers_for_names(model) and np.array_equal(dataset.class_counts, model.class_counts):
        model.class_names = tuple(dataset.class_names)


def _has_numbers_for_names(model):
    return tuple(model.class_names) == tuple(str(label) for label in range(model.num_classes))


class _StageRun:
    """One stage: prepares the model and the batches, then calls Keras's fit."""

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

    def _sampler(self, labels, seed, feed) -> Any:
        stage, technique = self.stage, self.model.technique
        arguments = {
            "shard_index": feed["shard_index"],
            "shard_count": feed["shard_count"],
            "drop_remainder": self.divisor > 1,
        }
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
        """Run the remaining epochs of the stage."""
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
    """Return the values that must be equal when a checkpoint is saved and when a run resumes from it."""
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
