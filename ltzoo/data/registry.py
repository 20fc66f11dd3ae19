"""Datasets by name: a decorated function is a dataset that `load` finds."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path

from ltzoo.data.dataset import LongTailedDataset

_LOADERS: dict[str, Callable[..., LongTailedDataset]] = {}


def register(loader: Callable[..., LongTailedDataset]) -> Callable[..., LongTailedDataset]:
    """Registers a function under its own name.

    It takes keyword arguments only, among them `imbalance_factor` (None means its default), `data_dir` (a
    `Path` or None) and `seed`.
    """
    _LOADERS[loader.__name__] = loader
    return loader


def names() -> list[str]:
    """Names that `load` knows, sorted."""
    return sorted(_LOADERS)


def load(
    name: str,
    *,
    imbalance_factor: float | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    **options,
) -> LongTailedDataset:
    """Loads a dataset by name.

    Args:
        name: one of `names()`.
        imbalance_factor: images of the most frequent class divided by images of the rarest, for the sets that
            are made long-tailed here; None takes the set's default. Sets with a published tail refuse it.
        data_dir: folder (or archive) with the set's files, where the set needs any.
        seed: chooses the images of a subset. 0 gives the published ones.
        **options: further arguments of the named set; see the docstring of `ltzoo.data.<name>`.

    Returns:
        A `LongTailedDataset`.

    Raises:
        ValueError: an unknown name or option, or an argument that the set refuses.
        FileNotFoundError: files that are not in `data_dir`; the message says which are expected.
    """
    if name not in _LOADERS:
        close = difflib.get_close_matches(str(name), _LOADERS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"`name` must be one of {', '.join(names())}; for a folder of images use "
            f"ltzoo.data.from_directory.{hint} Received: name={name!r}"
        )
    loader = _LOADERS[name]
    accepted = [key for key in inspect.signature(loader).parameters if key not in _COMMON]
    unknown = [key for key in options if key not in accepted]
    if unknown:
        raise ValueError(
            f"{name!r} takes {'these options: ' + ', '.join(accepted) if accepted else 'no further option'}. "
            f"Received: {unknown[0]}={options[unknown[0]]!r}"
        )
    folder = None if data_dir is None else Path(data_dir).expanduser()
    return loader(imbalance_factor=imbalance_factor, data_dir=folder, seed=seed, **options)


_COMMON = ("imbalance_factor", "data_dir", "seed")
