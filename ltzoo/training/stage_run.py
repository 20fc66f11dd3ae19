"""One stage of the staged fit: its batches, its callbacks and Keras's fit."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import keras

from ltzoo.data import augmentation
from ltzoo.protocols import StagedClassifier
from ltzoo.sampling import make_sampler
from ltzoo.training.callbacks import SaveCheckpoint, StagedHistory, StageLog, StopOnNonFiniteLoss
from ltzoo.training.checkpoint import Checkpoint, restore
from ltzoo.training.context import StageContext
from ltzoo.training.devices import batch_divisor
from ltzoo.training.features import CachedFeatureTrainer, extract_features, stands_in
from ltzoo.training.feed import training_feed, validation_feed
from ltzoo.training.on_device import device_feed
from ltzoo.training.stage_callbacks import StageCallbacks

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


@dataclasses.dataclass(frozen=True)
class Feed:
    """How batches are made; the fields are arguments of `fit_stages`."""

    workers: int
    shard_index: int
    shard_count: int
    on_device: bool


def enter(
    model: StagedClassifier,
    dataset: LongTailedDataset,
    index: int,
    seed: int,
    saved: dict[str, Any] | None,
    history: StagedHistory,
) -> None:
    """Bring the model to the start of a stage, or to the place in it that was saved."""
    model.enter_stage(index)
    if saved is not None:
        restore(model.variables, saved["model"])
    else:
        model.begin_stage(StageContext(model, dataset, index, seed, history.history.get("stage", ())))


class StageRun:
    """One stage with epochs: prepares the model and the batches, then calls Keras's fit.

    Args:
        model: the classifier; see `enter`.
        dataset: its dataset.
        index: number of the stage, 0 for the first.
        seed: seed of the stage.
        feed: how batches are made.
    """

    def __init__(self, model: Any, dataset: LongTailedDataset, index: int, seed: int, feed: Feed) -> None:
        self.model: Any = model
        self.trainee: Any = model
        self.index = index
        self.stage = stage = model.recipe.stages[index]
        split = dataset.train
        self.divisor = batch_divisor()
        sampler = self._sampler(split.labels, seed, feed)
        model.set_stage(index, steps_per_epoch=sampler.steps_per_epoch)
        load, transform = split.load, None
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
        if feed.on_device:
            self.feed = lambda **epochs: device_feed(model, split, sampler, **epochs)
        else:
            self.feed = lambda **epochs: training_feed(
                sampler, load, transform, workers=feed.workers, **epochs
            )

    def _sampler(self, labels, seed, feed) -> Any:
        stage, technique = self.stage, self.model.technique
        arguments = {
            "shard_index": feed.shard_index,
            "shard_count": feed.shard_count,
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

    def fit(
        self,
        offset: int,
        *,
        validation: Any,
        callbacks: StageCallbacks,
        verbose: int | str,
        store: Checkpoint | None,
        history: StagedHistory,
        resumed: dict[str, Any] | None = None,
    ) -> None:
        """Run the remaining epochs of the stage.

        Args:
            offset: number of its first epoch.
            validation: the validation split, or None.
            callbacks, verbose, history: see `fit_stages`.
            store: where to save; None saves nothing.
            resumed: the state that this training resumes from, if this is its first stage; of this stage or an
                earlier one.
        """
        trainee = self.trainee
        trainee.optimizer.build(trainee.trainable_variables)
        same = resumed is not None and resumed["stage"] == self.index
        done, last = 0, self.stage.epochs
        if resumed is not None:
            callbacks.before_stage(resumed, same)
        if resumed is not None and same:
            restore(trainee.optimizer.variables, resumed["optimizer"])
            done = resumed["epochs_done"]
            last = done if resumed["stopped"] else last

        def save(**place):
            if store is not None:
                state = callbacks.state()
                store.save(self.model, trainee.optimizer, stage=self.index, history=history, **place, **state)

        def begin():
            if resumed is not None:
                callbacks.after_begin(resumed, same)

        # Where nothing is left to train, Keras still calls `on_train_end`, in which callbacks restore weights.
        feed = self.feed(first_epoch=min(done, self.stage.epochs - 1), num_epochs=max(last - done, 1))
        with nullcontext() if trainee is self.model else stands_in(trainee, self.model):
            keras.Model.fit(
                trainee,
                **feed,
                epochs=offset + last,
                initial_epoch=offset + done,
                verbose=verbose,
                validation_data=self._validation(validation),
                callbacks=[
                    StageLog(self.index + 1),
                    *_technique_callbacks(self.model.technique, offset, self.stage.epochs),
                    StopOnNonFiniteLoss(self.index + 1),
                    *callbacks.of_stage(),
                    SaveCheckpoint(save, history, done=done, first=offset, begin=begin),
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
