"""Share the first stage of several runs: keep it in the user's cache, and find it by all that determines it.

cRT, LWS and NCM differ in their second stage only, and so do most rows of a table of ablations. A first stage that was
trained once is found by the next run whose first stage is the same. That run begins with the second stage and ends
with the weights that it would have had.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import PIL

from ltzoo import cache, heads, own_parts
from ltzoo.caller_warnings import warn_caller
from ltzoo.recipes.recipe import Recipe
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import same_training
from ltzoo.training.callbacks import StagedHistory
from ltzoo.training.checkpoint import Checkpoint, restore
from ltzoo.training.devices import batch_divisor, device_kind
from ltzoo.training.feature_store import split_digest
from ltzoo.training.fit import identity
from ltzoo.training.state_file import DamagedError, read_state, values, write_state
from ltzoo.version import __version__

LIMIT = 10 * 2**30
"""Most bytes of all kept first stages; the ones that were not used for the longest time go first."""

_FREE = 2**30  # Disk that must stay free.


def described(recipe: Recipe, class_counts: Sequence[int] | np.ndarray) -> dict[str, Any]:
    """Return what in a recipe determines its first stage: stage, head and conversions.

    A default counts as much as the same value that is given, and CAMC++'s first stage is that of CAMC.

    Args:
        recipe: the recipe.
        class_counts: training images per class.
    """
    stage = dataclasses.asdict(recipe.stages[0])
    technique, conversions = same_training(stage["technique"], recipe.conversions)

    def make(config):
        return heads.get(config, len(class_counts), recipe.stages[0].scale, class_counts=class_counts)

    content = {
        "stage": {**stage, "technique": technique, "head": None},
        "head": _without_defaults(recipe.head, make),
        "conversions": conversions,
    }
    return json.loads(json.dumps(content, default=repr))


def determining(
    classifier: Any, dataset: Any, seed: int, more: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return all that determines the weights and the history of a first stage, for JSON; None if that is not known.

    It is not known for streams, for data that are neither files nor arrays, for techniques that read files, such as
    teachers, and where the user has parts of their own.

    The weights that it starts from are part of it, which stand for the seeds, the pretrained network and all ways to
    draw weights. Files count by path, size and time of change, arrays by their pixels.

    Args:
        classifier: a newly built classifier.
        dataset: its dataset.
        seed: seed of the training.
        more: further arguments of the training, for JSON.
    """
    technique = classifier.techniques[0]
    reads = technique is not None and type(technique).load_files is not Technique.load_files
    if reads or own_parts.there_are_some():
        return None
    data = {}
    for name in ("train", "val"):
        split = getattr(dataset, name)
        digest = None if split is None else split_digest(split)
        if digest is None and split is not None:
            return None
        data[name] = digest
    backend = keras.backend.backend()
    content = {
        **described(classifier.recipe, classifier.class_counts),
        "start": _start(classifier),
        "data": data,
        "image_shape": list(classifier.image_shape),
        "pixels": [list(classifier.mean), list(classifier.std)],
        "precision": classifier.dtype_policy.name,
        "class_counts": classifier.class_counts.tolist(),
        "class_names": list(classifier.class_names),
        "trains": classifier.trains,
        "seed": [int(seed), classifier.seed],
        "devices": [platform.machine(), device_kind(), batch_divisor()],
        "backend": [backend, _version(backend), keras.__version__, np.__version__, PIL.__version__],
        "library": [__version__, _source()],
        "more": dict(more or {}),
    }
    return json.loads(json.dumps(content))


class SharedFirstStage(keras.callbacks.Callback):
    """Keep the first stage of this run, or take one that was kept; a callback of `fit`.

    Args:
        classifier: the newly built classifier.
        known: the result of `determining`; None shares nothing.
        title: names this run in what others print, such as its zoo entry.
        folder: folder of the files; by default `first_stages` in `ltzoo.cache.folder()`.
        limit: most bytes in the folder.
    """

    remembers = ("epochs", "logs")  # So that a run that was killed within the stage keeps it too.

    def __init__(
        self,
        classifier: Any,
        known: Mapping[str, Any] | None,
        title: str = "",
        folder: str | os.PathLike | None = None,
        limit: int = LIMIT,
    ) -> None:
        super().__init__()
        self.classifier, self.known, self.title, self.limit = classifier, known, title, limit
        self.folder = cache.folder() / "first_stages" if folder is None else Path(folder)
        self.epochs: list[int] = []
        self.logs: list[dict[str, float]] = []

    @property
    def path(self) -> Path | None:
        """The file of this first stage, which need not exist; None if nothing is shared."""
        if self.known is None:
            return None
        text = json.dumps(self.known, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def take(self, checkpoint: str | os.PathLike, seed: int, **settings: Any) -> dict[str, Any] | None:
        """Write the checkpoint of a run whose first stage is done, if that stage is kept.

        Args:
            checkpoint: the folder, as for `fit`; it holds no run.
            seed: seed of the run.
            **settings: `keep` and `patience` of `fit`.

        Returns:
            `{"title", "trained", "epochs"}` of the first stage; None if there is none.
        """
        path = self.path
        if path is None or not path.is_file():
            return None
        try:
            state = read_state(path)
            if state["identity"] != self.known:
                raise DamagedError("it belongs to another run")
            self.classifier.enter_stage(0)
            restore(_variables(self.classifier), state["model"])
            os.utime(path)
        except (DamagedError, OSError, ValueError) as error:
            warn_caller(f"a kept first stage cannot be used and is trained again: {path} ({error})")
            return None
        history = StagedHistory(state["epoch"], state["history"])
        store = Checkpoint(checkpoint, identity(self.classifier, seed, **settings))
        store.save(
            self.classifier, keras.optimizers.SGD(), stage=0, epochs_done=len(history.epoch), history=history,
            ended=True,
        )  # fmt: skip
        return {**state["about"], "epochs": len(history.epoch)}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record an epoch of the first stage."""
        if self.classifier.stage == 0:
            self.epochs.append(epoch)
            self.logs.append({name: float(value) for name, value in (logs or {}).items()})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Keep the first stage if all its epochs were trained."""
        path, epochs = self.path, self.classifier.recipe.stages[0].epochs
        if path is None or self.classifier.stage != 0 or self.epochs != list(range(epochs)):
            return
        if path.exists():  # Another process was faster, with the same result.
            return
        history = StagedHistory()
        for epoch, values_of_epoch in zip(self.epochs, self.logs, strict=True):
            history.append(epoch, values_of_epoch)
        variables = _variables(self.classifier)
        size = sum(int(np.prod(variable.shape)) * 8 for variable in variables)
        description = {
            "identity": self.known,
            "about": {"title": self.title, "trained": time.strftime("%Y-%m-%d")},
            "stage": 0,
            "epochs_done": epochs,
            "epoch": history.epoch,
            "history": history.history,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if size > self.limit or shutil.disk_usage(self.folder).free < size + _FREE:
                return
            write_state(path, {"model": values(variables)}, description)
            self._remove_old(path)
        except OSError as error:  # The training works without.
            warn_caller(f"the first stage cannot be kept for other runs ({error})")

    def _remove_old(self, newest: Path) -> None:
        kept = []
        for path in self.folder.glob("*.npz"):
            try:
                status = path.stat()
            except FileNotFoundError:  # Another process removed it.
                continue
            kept.append((path != newest, -status.st_mtime_ns, path, status.st_size))
        total = 0
        for _, _, path, size in sorted(kept):
            total += size
            if total > self.limit and path != newest:
                path.unlink(missing_ok=True)


def _variables(classifier: Any) -> Sequence[keras.Variable]:
    """Return the variables that a first stage may change."""
    parts = [
        classifier.backbone,
        classifier.heads[0],
        classifier.clouds[0],
        classifier.device_augmentations[0],
        classifier.techniques[0],
    ]
    return [variable for part in parts if part is not None for variable in part.variables]


def _without_defaults(config, make):
    """Return the config of a part without plain arguments that the part would have anyway.

    Not by `get_config` of the layers, for which Keras imports every backend that is installed.
    """
    for key, value in list(config.items()):
        less = {name: entry for name, entry in config.items() if name != key}
        if key == "name" or not isinstance(value, (bool, int, float, str, type(None))):
            continue
        try:
            default = getattr(make(less), key, less)
        except (TypeError, ValueError):  # It has no default.
            continue
        if repr(default) == repr(value):
            config = less
    return config


def _start(classifier):
    digest = hashlib.sha256()
    variables = _variables(classifier)
    for variable, value in zip(variables, values(variables), strict=True):
        digest.update(f"{variable.dtype} {value.shape} ".encode() + np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _version(backend):
    import importlib

    return str(getattr(importlib.import_module(backend), "__version__", ""))


@functools.cache
def _source() -> str:
    """Return a digest of the library's own code, which may change within a version."""
    digest = hashlib.sha256()
    folder = Path(cache.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
