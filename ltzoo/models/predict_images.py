"""Names, probabilities and decisions for images of any size: files, bytes, Pillow images or arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixel_sources import decode_source, source_name
from ltzoo.data.pixels import UnreadableImageError
from ltzoo.data.reading_threads import in_order, reading_with
from ltzoo.posthoc.decisions import Decisions, probabilities_of
from ltzoo.read_ahead import read_ahead

# Classes of a prediction set in one line of text.
_SHOWN = 10


class Prediction(NamedTuple):
    """The most probable classes of one image.

    Attributes:
        source: path of the image, or "image N" for the N-th image in memory.
        names: class names, most probable first.
        probabilities: their probabilities, which sum to 1 over all classes.
        error: why the image could not be read; None for a readable image. The other fields are then empty.
        prediction_set: the classes of the image's prediction set, most probable first; None if the model has no
            prediction sets. See `ltzoo.posthoc.prediction_sets`.
        unknown: whether the image counts as one of no known class; None if the model has no threshold for that. See
            `ltzoo.posthoc.abstention`.
    """

    source: str
    names: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str | None = None
    prediction_set: tuple[str, ...] | None = None
    unknown: bool | None = None

    @property
    def name(self) -> str | None:
        """The most probable class; None for an unreadable image."""
        return self.names[0] if self.names else None

    def __str__(self):
        if self.error is not None:
            return f"{self.source}: unreadable ({self.error})"
        shown = zip(self.names, self.probabilities, strict=True)
        text = ", ".join(f"{name} {100 * p:.1f} %" for name, p in shown)
        text = f"unknown, most like {text}" if self.unknown else text
        return f"{self.source}: {text}{self._shown_set()}"

    def _shown_set(self):
        if self.prediction_set is None:
            return ""
        first, more = self.prediction_set[:_SHOWN], len(self.prediction_set) - _SHOWN
        return f"; set: {' | '.join(first)}" + (f" and {more} more" if more > 0 else "")


class Outputs(NamedTuple):
    """What a model says about one image.

    Attributes:
        source: as in `Prediction`.
        logits: float64 `[C]`; None for an unreadable image.
        error: why the image could not be read, or None.
        features: pooled features `[D]`, where they were asked for.
    """

    source: str
    logits: np.ndarray | None
    error: str | None
    features: np.ndarray | None = None


def stream_outputs(
    model: Any,
    sources: Iterable[Any],
    *,
    batch_size: int = 64,
    workers: int | None = None,
    resize: int | None = None,
    features: bool = False,
) -> Iterator[Outputs]:
    """Yield the logits of images in their order, while other threads decode the next batch.

    At most two batches are in memory, so the number of images has no limit. Unreadable images are yielded with their
    error. Each image is scaled, and cropped, squashed or padded, as in training (`model.image_fit`).

    Args:
        model: a `LongTailedClassifier`.
        sources: entries of `ltzoo.data.pixel_sources.image_list`; may be a generator.
        batch_size: images per step; all steps have this size, so the model is compiled once.
        workers: threads that decode; default: as `ltzoo.data.reading_threads` says, one per core.
        resize: length of the shorter side before the center crop; None scales as little as possible.
        features: also yield the pooled features, from the same pass through the network.
    """
    height, width, channels = model.image_shape
    fitted = ImageFit((height, width), model.image_fit, resize if model.image_fit == "crop" else None)

    def decode(entry: tuple[int, Any]) -> tuple[str, np.ndarray | None, str | None]:
        position, source = entry
        name = source_name(source, position)
        try:
            return name, fitted(decode_source(source, channels, name, fitted)), None
        except UnreadableImageError as error:
            return name, None, error.reason

    parts = _batches(enumerate(sources), batch_size)
    with reading_with(workers):
        for _, ready in read_ahead(lambda part: list(in_order(decode, part)), parts):
            yield from _predict(model, ready, batch_size, features)


def _batches(entries: Iterator[tuple[int, Any]], size: int) -> Iterator[list[tuple[int, Any]]]:
    while batch := list(itertools.islice(entries, size)):
        yield batch


def _predict(model, ready, batch_size, features):
    pixels = [image for _, image, _ in ready if image is not None]
    found: Iterator[tuple[np.ndarray, np.ndarray | None]] = iter(())
    if pixels:
        missing = batch_size - len(pixels)
        batch = np.stack(pixels + pixels[:1] * missing)
        if features:
            logits, pooled = model.classify_with_features_on_batch(batch)
        else:
            logits, pooled = model.predict_on_batch(batch), [None] * batch_size
        found = zip(np.asarray(logits, "float64")[: len(pixels)], pooled, strict=False)
    for name, image, error in ready:
        values, own = (None, None) if image is None else next(found)
        yield Outputs(name, values, error, own)


def needs_features(decisions: Decisions) -> bool:
    """Return whether decision rules look at features, not only at logits."""
    return decisions.unknown is not None and decisions.unknown.method == "knn"


def most_probable(
    outputs: Outputs, class_names: tuple[str, ...], top_k: int, decisions: Decisions | None = None
) -> Prediction:
    """Return the `top_k` most probable classes of one image, equal ones in label order, and what the rules decide."""
    if outputs.logits is None:
        return Prediction(outputs.source, error=outputs.error)
    (probabilities,) = probabilities_of(outputs.logits[None], "logits")
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    prediction = Prediction(
        outputs.source,
        tuple(class_names[index] for index in order),
        tuple(float(probabilities[index]) for index in order),
    )
    if decisions is None:
        return prediction
    inside, unknown = None, None
    if decisions.sets is not None:
        (labels,) = decisions.sets_for(probabilities)
        inside = tuple(class_names[label] for label in labels)
    if decisions.unknown is not None:
        features = None if outputs.features is None else outputs.features[None]
        unknown = bool(decisions.is_unknown(outputs.logits[None], features)[0])
    return prediction._replace(prediction_set=inside, unknown=unknown)
