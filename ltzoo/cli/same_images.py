"""Whether the images of a run's data are still those that it was trained on and held out."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from ltzoo.cli.result_files import inside
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError
from ltzoo.printable import shown_address


def listing(dataset: Any, data: str | None) -> dict[str, str]:
    """Return a digest of the names of the images of each split; nothing for named datasets, which never change.

    Args:
        dataset: the data of a run.
        data: its folder or table, as an absolute path; names start there, so that data can be moved.
    """
    if data is None or not os.path.isabs(data):
        return {}
    paths = {name: getattr(split, "paths", None) for name, split in dataset.splits().items()}
    return {name: _digest(inside(map(str, own), data)) for name, own in paths.items() if own is not None}


def changed(run: RunFolder, dataset: Any) -> list[str]:
    """Return the names of the splits that hold other images than when the run was trained.

    A run of an earlier version does not say; nothing is returned then.
    """
    content = run.read()
    before = content["dataset"].get("listing")
    if not before:
        return []
    now = listing(dataset, content["arguments"].get("data"))
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def check_same(model: str, dataset: Any, split: str) -> None:
    """Refuse a split of a run's own data that may hold images that the run was trained on.

    Held-out images are chosen among all: one image more or less, a list of excluded images or other groups give
    others. Images are safe if they are the same as before, or if the training images are.

    Args:
        model: what the command line calls the model.
        dataset: the data of the run, loaded again.
        split: what will be measured.

    Raises:
        UserError: both the split and the training images differ from those of the run.
    """
    run = RunFolder(model)
    if not run.is_run():
        return
    others = changed(run, dataset)
    if split in others and (split == "train" or "train" in others):
        raise UserError(
            f"The {split} images of {shown_address(model)} would be others than in its training, which may have seen "
            "them: images were added, removed or renamed, or options choose others. Restore them, or measure images in "
            f"a folder of their own with 'ltzoo evaluate {shown_address(model)} --test FOLDER'. "
            f"Received: other images for {' and '.join(others)}"
        )


def check_resumed(run: RunFolder, dataset: Any) -> None:
    """Refuse to resume with other images: those held out now may have been trained on before.

    Raises:
        UserError: a split has other images than when the run began.
    """
    others = changed(run, dataset)
    if others:
        raise UserError(
            f"The images must be as they were when the run in {shown_address(str(run.path))} began; restore those that "
            "were added, removed or renamed, or train into a new folder. "
            f"Received: other images for {' and '.join(others)}"
        )


def perhaps_trained_on(run: RunFolder, dataset: Any) -> list[str]:
    """Return the splits that may hold images that a run was trained on, for a model that learns from "train" only."""
    others = changed(run, dataset)
    return [
        "train",
        *(name for name in others if "train" in others and name in dataset.splits() and name != "train"),
    ]


def _digest(names: list[str]) -> str:
    text = "\0".join(sorted(names))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
