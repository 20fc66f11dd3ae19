"""The staged fit: all stages of a recipe, with checkpoints and one history."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.data.reading_threads import reading_with
from ltzoo.data.streams import sample_of
from ltzoo.interrupts import Interruption
from ltzoo.pipeline_errors import original_errors
from ltzoo.protocols import StagedClassifier
from ltzoo.recipes.accumulation import check_accumulation
from ltzoo.training.alarms import training_alarms, warn, warn_of_gray, warn_of_random_features
from ltzoo.training.arguments import check_arguments, check_unknown
from ltzoo.training.callbacks import StagedHistory
from ltzoo.training.checkpoint import Checkpoint, ResumeError
from ltzoo.training.devices import batch_divisor, check_batch_size, check_processes, strategy_scope
from ltzoo.training.feature_store import FeatureStore, kept_features
from ltzoo.training.keep_best import KeepBest, check_keep, kept_epochs
from ltzoo.training.on_device import check_on_device
from ltzoo.training.stage_callbacks import StageCallbacks, check_callbacks
from ltzoo.training.stage_run import Feed, StageRun, enter
from ltzoo.training.stage_state import Keep
from ltzoo.training.stream_feed import check_stream, is_streamed
from ltzoo.writer_lock import WriterLock

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset


@original_errors()
def fit_stages(
    model: StagedClassifier,
    dataset: LongTailedDataset,
    *others: Any,
    callbacks: Any = None,
    verbose: int | str = "auto",
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    keep: str = "last",
    patience: int | None = None,
    seed: int = 0,
    validate: bool = True,
    workers: int | None = None,
    shard_index: int = 0,
    shard_count: int = 1,
    on_device: bool = False,
    accumulate: int = 1,
    **unknown: Any,
) -> keras.callbacks.History:
    """Train a `LongTailedClassifier` through all stages of its recipe.

    Epochs keep counting across stages, and the logs of each epoch contain `stage` (1, 2, ...). For Keras's stock
    callbacks the stages are one training: `on_train_begin` and `on_train_end` are called once. `EarlyStopping` ends
    its stage, and the next stage begins. Callbacks of your own begin and end with every stage, unless they have an
    attribute `one_training = True`; setting `model.stop_training` ends the stage. In a stage with cached features,
    their `model` is the head alone. docs/callbacks.md has a table of all callbacks. Those that cannot work with stages
    are refused before training: `ReduceLROnPlateau` and `LearningRateScheduler` (use the recipe's `schedule`),
    `BackupAndRestore` and `OrbaxCheckpoint` (use `checkpoint` and `resume`).

    Under a `keras.distribution`, the devices must share each batch evenly. The last batch of an epoch is therefore
    dropped if it is not full, and leftover images of `dataset.val` do not count. A model that was built under a
    `tf.distribute` strategy trains under it, wherever `fit` is called.

    Args:
        model: the classifier.
        dataset: a `LongTailedDataset` with the model's classes. If it is a stream (`ltzoo.data.from_tf_data`), what
            needs images by position is refused before the training.
        callbacks: a Keras callback, a list of them, or None.
        verbose: as in `keras.Model.fit`.
        checkpoint: a folder; the state is saved there at the end of every epoch, next to the one before it, and within
            epochs every `checkpoint_seconds`. One training at a time may write there. Only the host with
            `shard_index=0` writes. Ctrl-C (SIGINT) and SIGTERM then wait for the end of the step, whose state is
            saved; a second one stops at once.
        resume: continue from that folder, at the step that was saved; returns immediately if training has finished.
        checkpoint_seconds: seconds between two saves within an epoch; more if they would take over 5 % of the time.
            With `on_device`, or a stream of tf.data, there are none, and the state is saved between epochs.
        keep: which epoch's weights each stage ends with: "last", as in the papers, or the best on `dataset.val`:
            "best:balanced" (balanced accuracy), "best:top1" or "best:nll" (negative log-likelihood).
        patience: end a stage after so many epochs without a better one on `dataset.val`, by the measure of `keep` or
            else by balanced accuracy; None trains all epochs.
        seed: seed of sampling, augmentation and reinitialized heads. The same seed, backend and processor type give
            the same weights, interrupted or not.
        validate: compute `val_` metrics on `dataset.val`, if there is one.
        workers: threads that read and prepare images, in every pass over the data: training, validation, and what
            a stage does before its first epoch. None: as `ltzoo.data.reading_threads` says, one per core.
        shard_index, shard_count: number of this host, and number of hosts. Each host takes its part of every batch.
        on_device: keep all training images on the accelerator and train a whole epoch per call. It needs JAX, and
            stages with `augment_on="device"`. Callbacks then see one or two "batches" per epoch; see
            `ltzoo.training.on_device`.
        accumulate: split every batch of the recipe into so many parts, and average their gradients for one update. It
            needs about as many times less memory for activations; see `ltzoo.recipes.accumulation`.

    Returns:
        a Keras `History`; its `history` has one entry per epoch over all stages, with `stage` among the keys. Its
        `alarms` are the signs that nothing was learned, each also a `TrainingAlarm` warning; see
        `ltzoo.training.training_alarms`. With `keep` or `patience`, its `kept` says which epoch of each stage was
        kept; see `ltzoo.training.keep_best.kept_epochs`.

    Raises:
        FolderInUseError: if another training writes into `checkpoint`.
        KeyboardInterrupt: by Ctrl-C.
        NonFiniteLossError: if the loss becomes infinite or NaN. The checkpoint keeps the last good epoch.
        ResumeError: if `checkpoint` already contains a run and `resume` is False, it belongs to a different run, or
            it is damaged and so is the one before it.
        Terminated: by SIGTERM, if `checkpoint` is given and the program does not handle the signal itself: a
            `SystemExit` with code 143.
        TypeError: if an argument or a callback has a wrong type, or there is no such argument.
        ValueError: if dataset and model do not match, an argument is out of range, or a callback or several processes
            cannot work.
    """
    check_unknown(others, unknown)
    check_arguments(
        verbose=verbose, checkpoint=checkpoint, resume=resume, checkpoint_seconds=checkpoint_seconds, seed=seed,
        validate=validate, workers=workers,
        shard_index=shard_index, shard_count=shard_count, on_device=on_device,
    )  # fmt: skip
    check_accumulation(accumulate, model.recipe, is_streamed(dataset), shard_count)
    chosen = check_callbacks(callbacks, model.recipe)
    check_dataset(model, dataset)
    judged = check_keep(keep, patience, dataset, validate)
    if judged:
        chosen.insert(0, KeepBest(model, keep, patience))
    check_processes()
    streamed = is_streamed(dataset)
    if streamed:
        check_stream(model, model.recipe, on_device, shard_count)
    _check_stages(model.recipe, on_device, accumulate)
    if checkpoint is None and resume:
        raise ResumeError(
            "`checkpoint` must name the folder to resume from. Received: checkpoint=None, resume=True"
        )
    writes = checkpoint is not None and shard_index == 0
    interruption = Interruption()
    with (
        reading_with(workers) as threads,
        strategy_scope(model),
        WriterLock(checkpoint) if writes and checkpoint is not None else contextlib.nullcontext(),
        interruption if writes else contextlib.nullcontext(),
        kept_features(model, FeatureStore(_features_folder(checkpoint) if writes else None)),
    ):
        store = (
            None
            if checkpoint is None
            else Checkpoint(checkpoint, identity(model, seed, keep, patience, accumulate))
        )
        state = None if store is None else _saved(store, model.recipe, resume, on_device or streamed)
        history = StagedHistory() if state is None else StagedHistory(state["epoch"], state["history"])
        model.load_files()
        if state is None:
            warn_of_gray(model, sample_of(dataset.train))
            warn_of_random_features(model)
        shown = StageCallbacks(chosen, model, history.epoch)
        feed = Feed(threads, shard_index, shard_count, on_device, accumulate)
        saving = Keep(store if writes else None, interruption, checkpoint_seconds)
        resumed, offset = state, 0
        for index, stage in enumerate(model.recipe.stages):
            if state is None or index >= state["stage"]:
                here = state if state is not None and index == state["stage"] else None
                enter(model, dataset, index, stage_seed(seed, index), here, history)
                if stage.epochs and not (here and here["ended"]):
                    StageRun(model, dataset, index, stage_seed(seed, index), feed, judged).fit(
                        offset,
                        validation=dataset.val if validate else None,
                        callbacks=shown,
                        verbose=verbose,
                        keep=saving,
                        history=history,
                        resumed=resumed,
                    )
                    resumed = None
            offset += stage.epochs
        shown.end()
        model.finish_training()
    model.history = history
    history.alarms = training_alarms(model, sample_of(dataset.train), history.history)
    history.kept = kept_epochs(history.history, keep) if judged else []
    warn(history.alarms)
    return history


def _features_folder(checkpoint):
    return None if checkpoint is None else Path(checkpoint) / "features"


def _check_stages(recipe, on_device, accumulate):
    divisor = batch_divisor()
    for number, stage in enumerate(recipe.stages, start=1):
        check_batch_size(stage.batch_size // accumulate if stage.epochs else stage.batch_size, divisor)
        if on_device and stage.epochs:
            check_on_device(stage, number)


def _saved(store, recipe, resume, between_epochs):
    """Return the state to resume from, or None."""
    if not store.exists():
        return None
    if not resume:
        raise ResumeError(
            "`checkpoint` already contains a run. Resume it with `resume=True` or use another folder. "
            f"Received: checkpoint={str(store.path.parent)!r}"
        )
    state = store.load(within_epochs=not between_epochs)
    if state is None:
        return None
    if state["stage"] >= len(recipe.stages):
        raise ResumeError(
            f"`checkpoint` must be in one of the {len(recipe.stages)} stages of the recipe. "
            f"Received: {store.path} in stage {state['stage'] + 1}"
        )
    if state["ended"] is None:  # Earlier versions did not say so.
        state["ended"] = state["epochs_done"] >= recipe.stages[state["stage"]].epochs
    return state


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
    model.image_fit = dataset.image_fit or model.image_fit


def take_names(model: StagedClassifier, dataset: LongTailedDataset) -> None:
    """Copy the class names of a dataset with the same class counts to a model whose names are numbers."""
    if _has_numbers_for_names(model) and np.array_equal(dataset.class_counts, model.class_counts):
        model.class_names = tuple(dataset.class_names)


def _has_numbers_for_names(model):
    return tuple(model.class_names) == tuple(str(label) for label in range(model.num_classes))


def identity(
    model: StagedClassifier,
    seed: int,
    keep: str = "last",
    patience: int | None = None,
    accumulate: int = 1,
) -> dict[str, Any]:
    """Return the values that must be equal when a checkpoint is saved and when a run resumes from it."""
    chosen = {
        "keep": None if keep == "last" else keep,
        "patience": patience,
        "accumulate": None if accumulate == 1 else accumulate,
    }
    return {
        # Earlier versions had none of these.
        **{name: value for name, value in chosen.items() if value is not None},
        "recipe": model.recipe.to_dict(),
        "class_counts": model.class_counts.tolist(),
        "class_names": list(model.class_names),
        "seed": int(seed),
        "backend": keras.backend.backend(),
    }


def _head(values):
    values = [int(value) for value in values]
    return f"{values[:10]}{'...' if len(values) > 10 else ''}"
