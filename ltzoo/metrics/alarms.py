"""Alarms: signs in predictions, features and losses that a training learned nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

CHANCE = "accuracy at chance"
ONE_CLASS = "a single predicted class"
NEVER = "classes never predicted"
CONSTANT = "constant features"
EQUAL_IMAGES = "equal images"
LOSS = "loss did not fall"
NOT_FINITE = "outputs not finite"

# How many standard deviations a result must be away from a hypothesis to speak against it.
_DEVIATIONS = 2.0
# How probable a sound classifier may make a pattern that counts as an alarm.
_RARE = 0.05
# Images of a class from which on it is strange that none of a split's predictions is that class.
_ENOUGH = 3
_RELATIVE_DEVIATION = 1e-5
_EPOCHS_TO_LEARN = 3


class Alarm(NamedTuple):
    """One alarm: its name, such as "accuracy at chance", and what was found.

    `str` gives "NAME: TEXT". Only `classes never predicted` can belong to a training that learned something.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


def learned_nothing(alarms: Sequence[Alarm]) -> bool:
    """Return whether any alarm says more than that some classes are never predicted."""
    return any(alarm.name != NEVER for alarm in alarms)


def prediction_alarms(
    confusion: np.ndarray,
    class_names: Sequence[str] | None = None,
    images: str = "test images",
    training_counts: Sequence[int] | np.ndarray | None = None,
) -> list[Alarm]:
    """Judge predictions by their confusion matrix.

    Predictions that do not depend on the image reach a balanced accuracy of sum of q_c / K, where q_c is the share of
    class c in the predictions and K the number of classes in the split. Accuracy is "at chance" if neither the balanced
    accuracy exceeds that, nor top-1 the share of the most frequent class, by 2 standard deviations. Few images rarely
    exceed it by so much. So the balanced accuracy must also lie 2 standard deviations below the middle between chance
    and 1, except on training images. There, a balanced accuracy of chance or less is enough.

    A single predicted class is an alarm if a classifier in that middle would rarely (5 %) predict one class throughout.
    A class counts as never predicted if there are 3 images of it, or if it is one of at least half of all classes. Of
    training images, all of the class suffice, and any single predicted class is an alarm.

    Args:
        confusion: number of images [C, C], rows = true class, columns = predicted class.
        class_names: one name per class, for the sentences; default: numbers.
        images: what the images are called in the sentences.
        training_counts: training images per class [C] if these are all or some of the training images, else None.

    Returns:
        the alarms, most severe first; none for fewer than two classes.
    """
    confusion = np.asarray(confusion, "int64")
    totals, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    present = np.flatnonzero(totals)
    if len(present) < 2:
        return []
    names = [str(number) for number in range(len(confusion))] if class_names is None else list(class_names)
    count = int(totals.sum())
    found = []
    used = np.flatnonzero(predicted)
    balanced = float(np.mean(np.diag(confusion)[present] / totals[present]))
    chance = float(predicted[present].sum() / count / len(present))
    middle = (1.0 + chance) / 2.0
    trained_on = training_counts is not None
    if len(used) == 1 and (trained_on or _chance_of_one_class(totals, int(used[0]), middle) < _RARE):
        found.append(Alarm(ONE_CLASS, f"all {count:,} {images} are classified as {names[used[0]]!r}"))
    if _at_chance(confusion, balanced, chance, middle, trained_on):
        text = (
            f"the balanced accuracy on {count:,} {images} is {_percent(balanced)}, not clearly above the "
            f"{_percent(chance)} of guessing"
        )
        found.append(Alarm(CHANCE, text))
    never = present[predicted[present] == 0]
    if 2 * len(never) < len(present):
        enough = np.minimum(_ENOUGH, np.asarray(training_counts)[never]) if trained_on else _ENOUGH
        never = never[totals[never] >= enough]
    if len(never) and len(used) > 1:
        listed = ", ".join(repr(names[label]) for label in never[:5]) + (", ..." if len(never) > 5 else "")
        text = f"{len(never)} of the {len(present)} classes of the {count:,} {images}: {listed}"
        found.append(Alarm(NEVER, text))
    return found


def output_alarms(outputs: np.ndarray, images: str = "training images") -> list[Alarm]:
    """Judge outputs `[N, ...]` of a network: they must be finite."""
    bad = int((~np.isfinite(np.asarray(outputs, "float64")).reshape(len(outputs), -1)).any(axis=1).sum())
    if not bad:
        return []
    return [
        Alarm(NOT_FINITE, f"the network returns NaN or infinity for {bad:,} of {len(outputs):,} {images}")
    ]


def feature_alarms(features: np.ndarray, images: str = "training images") -> list[Alarm]:
    """Judge features `[N, ...]`: they must differ between images.

    They are constant if no column has a standard deviation above 1e-5 of the largest magnitude. Features that are not
    finite are left to `output_alarms`.
    """
    features = np.asarray(features, "float64").reshape(len(features), -1)
    if len(features) < 2 or not np.isfinite(features).all():
        return []
    if features.std(axis=0).max() > _RELATIVE_DEVIATION * np.abs(features).max():
        return []
    return [Alarm(CONSTANT, f"the network computes the same features for all {len(features):,} {images}")]


def image_alarms(images: np.ndarray, called: str = "training images") -> list[Alarm]:
    """Judge pixels `[N, ...]`: images that are all equal teach nothing."""
    if len(images) < 2 or (np.asarray(images) != np.asarray(images[:1])).any():
        return []
    return [Alarm(EQUAL_IMAGES, f"all {len(images):,} {called} have the same pixels")]


def loss_alarms(history: Mapping[str, Sequence[Any]]) -> list[Alarm]:
    """Judge the losses of the first stage, of three epochs or more.

    The alarm is raised if no later epoch has a smaller loss than the first, and the training accuracy neither rose nor
    exceeds one half. A network that starts with trained weights may have nothing left to gain.

    Args:
        history: lists with one value per epoch: `loss`, `accuracy`, and `stage` if there are several.
    """
    losses, accuracies = (list(history.get(key, ())) for key in ("loss", "accuracy"))
    stages = list(history.get("stage", ())) or [None] * len(losses)
    epochs = [
        (float(loss), float(accuracy))
        for loss, accuracy, stage in zip(losses, accuracies, stages, strict=False)
        if stage == stages[0] and loss is not None and accuracy is not None
    ]
    if len(epochs) < _EPOCHS_TO_LEARN:
        return []
    (first, start), later = epochs[0], epochs[1:]
    if min(loss for loss, _ in later) < first or max(accuracy for _, accuracy in later) > min(start, 0.5):
        return []
    return [Alarm(LOSS, f"it was {first:.4g} in epoch 1 and is {later[-1][0]:.4g} in epoch {len(epochs)}")]


def _at_chance(confusion, balanced, chance, middle, trained_on):
    totals, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    present = totals > 0
    count, classes = totals.sum(), present.sum()
    shares = predicted[present] / count
    deviation = np.sqrt((shares * (1 - shares) / totals[present]).sum()) / classes
    usual = totals.max() / count
    top1_limit = usual + _DEVIATIONS * np.sqrt(usual * (1 - usual) / count)
    if balanced > chance + _DEVIATIONS * deviation or np.trace(confusion) / count > top1_limit:
        return False
    if trained_on and balanced <= chance + 1e-9:
        return True
    spread = np.sqrt(middle * (1 - middle) * (1 / totals[present]).sum()) / classes
    return bool(balanced <= middle - _DEVIATIONS * spread)


def _chance_of_one_class(totals, label, accuracy):
    """Return how probably a classifier of that accuracy, with errors spread evenly, predicts one class throughout."""
    wrong = totals.sum() - totals[label]
    return accuracy ** totals[label] * ((1 - accuracy) / (len(totals) - 1)) ** wrong


def _percent(fraction):
    return f"{100 * fraction:.1f} %"
