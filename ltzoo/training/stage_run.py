"""One stage of the staged fit: its batches, its callbacks and Keras's fit."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import keras

from ltzoo.data import augmentation
from ltzoo.protocols import StagedClassifier
from ltzoo.sampling import make_sampler
from ltzoo.sampling.batch_parts import BatchParts
from ltzoo.training.averages import MeasureAverages
from ltzoo.training.callbacks import StagedHistory, StageLog
from ltzoo.training.checkpoint import restore
from ltzoo.training.context import StageContext
from ltzoo.training.devices import batch_divisor
from ltzoo.training.features import CachedFeatureTrainer, extract_features, stands_in
from ltzoo.training.feed import training_feed, validation_feed
from ltzoo.training.on_device import device_feed
from ltzoo.training.stage_callbacks import StageCallbacks
from ltzoo.training.stage_state import Keep, StageState
from ltzoo.training.stepwise import StepwiseCallbacks
from ltzoo.training.stream_feed import StreamFeed, is_streamed, stream_sampler

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


@dataclasses.dataclass(frozen=True)
class Feed:
    """How batches are made; the fields are arguments of `fit_stages`."""

    workers: int
    shard_index: int
    shard_count: int
    on_device: bool
    accumulate: int = 1


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
        judged: whether held-out images decide which epoch is kept or when the stage ends.
    """

    def __init__(
        self, model: Any, dataset: LongTailedDataset, index: int, seed: int, feed: Feed, judged: bool = False
    ) -> None:
        self.model: Any = model
        self.trainee: Any = model
        self.index = index
        self.on_device = feed.on_device
        self.stage = stage = model.recipe.stages[index]
        split = dataset.train
        self.divisor = batch_divisor()
        self.streamed = is_streamed(dataset)
        if self.streamed:
            sampler: Any = stream_sampler(model, stage, seed, dataset, self.divisor > 1)
        else:
            sampler = self._sampler(split.labels, seed, feed)
        # Batches that a technique composes are not split.
        self.accumulate = getattr(sampler, "parts", 1)
        model.set_stage(index, sampler.steps_per_epoch, judged, self.accumulate)
        load, transform = split.load, None
        if stage.cache_features:
            features = extract_features(model, split)
            load = features.__getitem__
            self.trainee = CachedFeatureTrainer(model)
            self.trainee.compile(
                **model.stage_compile_arguments(index, sampler.steps_per_epoch, judged, self.accumulate)
            )
        elif stage.augment_on == "host":
            transform = augmentation.get(
                list(stage.augmentation),
                num_classes=model.num_classes,
                mixup_alpha=stage.mixup_alpha,
                class_counts=model.class_counts,
            )
        if self.streamed:
            self.feed = StreamFeed(
                split, sampler, transform, model.class_names, feed.workers, counted=index > 0
            )
        elif feed.on_device:
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
        made = make_sampler(
            labels,
            batch_size=stage.batch_size,
            seed=seed,
            num_classes=self.model.num_classes,
            num_epochs=stage.epochs,
            **arguments,
            **stage.sampler,
        )
        return made if feed.accumulate == 1 else BatchParts(made, feed.accumulate)

    def fit(
        self,
        offset: int,
        *,
        validation: Any,
        callbacks: StageCallbacks,
        verbose: int | str,
        keep: Keep,
        history: StagedHistory,
        resumed: dict[str, Any] | None = None,
    ) -> None:
        """Run the remaining epochs of the stage.

        Args:
            offset: number of its first epoch.
            validation: the validation split, or None.
            callbacks, verbose, history: see `fit_stages`.
            keep: where and when to save.
            resumed: the state that this training resumes from, if this is its first stage; of this stage or an
                earlier one.
        """
        trainee = self.trainee
        trainee.optimizer.build(trainee.trainable_variables)
        state = StageState(
            self.model, trainee, self.index, self.stage.epochs, callbacks, history, keep, resumed
        )
        # Where nothing is left to train, Keras still calls `on_train_end`, in which callbacks restore weights.
        first, epochs = min(state.done, self.stage.epochs - 1), max(state.last - state.done, 1)
        feed = self.feed(
            first_epoch=first, num_epochs=epochs, **({"first_step": state.step} if state.step else {})
        )
        if state.step:
            state.build_metrics(feed)
        held_out = self._validation(validation)
        own = [
            StageLog(self.index + 1, state.step),
            *_technique_callbacks(self.model.technique, offset, self.stage.epochs),
            state.finite,
        ]
        with nullcontext() if trainee is self.model else stands_in(trainee, self.model):
            keras.Model.fit(
                trainee,
                **feed,
                epochs=offset + state.last,
                initial_epoch=offset + state.done,
                verbose=verbose,
                validation_data=held_out,
                callbacks=StepwiseCallbacks(
                    [*own, *callbacks.of_stage(), *_averages(self.stage, callbacks), state.saver(offset)],
                    model=trainee,
                    steps=feed["steps_per_epoch"],
                    done=state.step,
                    restore=state.go_on,
                    # On the device a call is an epoch, with no steps to stop after; a stream cannot begin within.
                    keeper=None if self.on_device or self.streamed else state.keeper(held_out is not None),
                    interruption=keep.interruption,
                    add_history=True,
                    add_progbar=verbose != 0,
                    verbose=verbose,
                    epochs=offset + state.last,
                ),
            )

    def _validation(self, split):
        if getattr(split, "streamed", False):
            return split.pairs.batch(self.stage.batch_size, drop_remainder=self.divisor > 1).prefetch(2)
        if split is None or len(split.labels) == 0:
            return None
        load = split.load
        if self.stage.cache_features:
            load = extract_features(self.model, split).__getitem__
        usable = len(split.labels) - len(split.labels) % self.divisor
        return validation_feed(split.labels[:usable], load, self.stage.batch_size // self.accumulate)


def _averages(stage, callbacks):
    """Return what measures averaged weights, unless a callback of the user does."""
    swaps = any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in callbacks.callbacks)
    return [] if swaps or not stage.optimizer.get("use_ema") else [MeasureAverages()]


def _technique_callbacks(technique, offset, epochs):
    if technique is None:
        return []
    return [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs=None: technique.on_epoch_begin(epoch - offset, epochs),
            on_epoch_end=lambda epoch, logs=None: technique.on_epoch_end(epoch - offset, epochs),
        )
    ]
