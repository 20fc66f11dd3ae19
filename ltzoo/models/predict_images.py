"""Names and probabilities for images of any size: files, bytes, Pillow images or arrays."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixel_sources import decode_source, source_name
from ltzoo.data.pixels import UnreadableImageError


class Prediction(NamedTuple):
    """The most probable classes of one image.

    Attributes:
        source: path of the image, or "image N" for the N-th image in memory.
        names: class names, most probable first.
        probabilities: their probabilities, which sum to 1 over all classes.
        error: why the image could not be read; None for a readable image. The other fields are then empty.
    """

    source: str
    names: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    error: str | None = None

    @property
    def name(self) -> str | None:
        """The most probable class; None for an unreadable image."""
        return self.names[0] if self.names else None

    def __str__(self):
        if self.error is not None:
            return f"{self.source}: unreadable ({self.error})"
        shown = zip(self.names, self.probabilities, strict=True)
        return f"{self.source}: " + ", ".join(f"{name} {100 * p:.1f} %" for name, p in shown)


class Outputs(NamedTuple):
    """What a model says about one image.

    Attributes:
        source: as in `Prediction`.
        logits: float64 `[C]`; None for an unreadable image.
        error: why the image could not be read, or None.
    """

    source: str
    logits: np.ndarray | None
    error: str | None


def stream_outputs(
    model: Any,
    sources: Iterable[Any],
    *,
    batch_size: int = 64,
    workers: int | None = None,
    resize: int | None = None,
) -> Iterator[Outputs]:
    """Yield the logits of images in their order, while other threads decode the next ones.

    At most three batches are in memory, so the number of images has no limit. Unreadable images are yielded with their
    error. Each image is scaled, and cropped, squashed or padded, as in training (`model.image_fit`).

    Args:
        model: a `LongTailedClassifier`.
        sources: entries of `ltzoo.data.pixel_sources.image_list`; may be a generator.
        batch_size: images per step; all steps have this size, so the model is compiled once.
        workers: threads that decode; default: one per core.
        resize: length of the shorter side before the center crop; None scales as little as possible.
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

    entries = enumerate(sources)
    waiting: deque[Future] = deque()
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        try:
            while True:
                while len(waiting) < 2 * batch_size and (entry := next(entries, None)) is not None:
                    waiting.append(pool.submit(decode, entry))
                if not waiting:
                    return
                ready = [waiting.popleft().result() for _ in range(min(batch_size, len(waiting)))]
                yield from _predict(model, ready, batch_size)
        finally:
            for future in waiting:
                future.cancel()


def _predict(model, ready, batch_size):
    pixels = [image for _, image, _ in ready if image is not None]
    logits: Iterator[np.ndarray] = iter(())
    if pixels:
        missing = batch_size - len(pixels)
        batch = np.stack(pixels + pixels[:1] * missing)
        logits = iter(np.asarray(model.predict_on_batch(batch), "float64")[: len(pixels)])
    for name, image, error in ready:
        yield Outputs(name, None if image is None else next(logits), error)


def most_probable(outputs: Outputs, class_names: tuple[str, ...], top_k: int) -> Prediction:
    """Return the `top_k` most probable classes of one image; equal ones in label order."""
    if outputs.logits is None:
        return Prediction(outputs.source, error=outputs.error)
    probabilities = np.exp(outputs.logits - outputs.logits.max())
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    names = tuple(class_names[index] for index in order)
    return Prediction(outputs.source, names, tuple(float(probabilities[index]) for index in order))
