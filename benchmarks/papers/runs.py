"""Train one row: cached, resumable, and with the first stage that other rows have trained already.

    run = trained(recipes.get("gcl"), "resnet32", "cifar10_lt", imbalance_factor=100, root=Path("runs"))
    run.result.top1, run.model, run.folder

The name of a run's folder is a hash of everything that determines its weights. So the same call returns at once when
the run has ended, and resumes when it was killed. `first_stages/` next to it keeps the first stages.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.cifar10_lt.first_stages import first_stage_of
from benchmarks.cifar10_lt.runs import commit, device
from ltzoo import data, metrics, models, recipes
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.files import atomic_write
from ltzoo.metrics import Result
from ltzoo.models import LongTailedClassifier
from ltzoo.models.start_from import start_from as take_backbone
from ltzoo.recipes.by_dataset.published import DATASETS
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.training_changes import with_epochs
from ltzoo.training.callbacks import EpochSeconds

# Raise it when a change of the library changes the weights that the same recipe ends with.
FORMAT = 1
Watch = Mapping[str, Callable[[LongTailedClassifier], Any]]


@dataclasses.dataclass(frozen=True)
class Run:
    """A run; its parts are read when they are asked for.

    Attributes:
        folder: its folder, with `model.keras`, `result.json` and, for watched runs, `watched/`.
    """

    folder: Path

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return (self.folder / "result.json").exists()

    @functools.cached_property
    def about(self) -> dict[str, Any]:
        """What determined the run (`recipe`, `backbone`, `dataset`, ...), its `history`, `commit` and `device`."""
        return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))

    @functools.cached_property
    def result(self) -> Result:
        """Measurements on the test images after the last epoch."""
        return Result.from_dict(self.about["result"])

    @functools.cached_property
    def model(self) -> LongTailedClassifier:
        """The trained classifier."""
        return models.load(self.folder / "model.keras")

    @property
    def history(self) -> dict[str, list[float]]:
        """One entry per epoch over all stages, as `fit` returns it."""
        return self.about["history"]

    def watched(self, name: str) -> np.ndarray:
        """Return what `watch[name]` returned after each epoch `[epochs, ...]`."""
        files = sorted((self.folder / "watched").glob("*.npz"))
        return np.stack([np.load(file, allow_pickle=False)[name] for file in files])


def trained(
    recipe: Recipe | str,
    backbone: str | Mapping[str, Any],
    dataset: str,
    *,
    root: Path,
    imbalance_factor: float | None = None,
    data_dir: Path | None = None,
    epochs_share: float = 1.0,
    seed: int = 0,
    image_size: tuple[int, int] | None = None,
    start_from: str | Path | None = None,
    watch: Watch | None = None,
    train: bool = True,
) -> Run:
    """Train a recipe and measure it on the test images, or return the run that has done so.

    Args:
        recipe: a `Recipe`, or a name of `ltzoo.recipes.names()`. Its name, description and citation change nothing.
            On datasets of no paper, such as digits_lt, its augmentation is adapted (`ltzoo.recipes.for_dataset`).
        backbone: as `ltzoo.models.build` takes it.
        dataset, imbalance_factor, data_dir: as `ltzoo.data.load` takes them.
        root: folder of the runs.
        epochs_share: factor on the epochs of each stage; at least one epoch is trained.
        seed: seed of weights, sampling and augmentation. The images of a subset are those of seed 0.
        image_size: (height, width) for datasets of files; None is their default.
        start_from: what to take the backbone's weights from, as `ltzoo.models.load` takes it.
        watch: functions of the classifier by name, called after every epoch. What they return, arrays of one shape, is
            in `Run.watched`. Their names determine the folder too.
        train: False returns the run without training it; `Run.ended` says whether it has been trained.

    Raises:
        FileNotFoundError: the dataset's files are not in `data_dir`.
    """
    recipe = scaled(recipes.get(recipe) if isinstance(recipe, str) else recipe, epochs_share)
    backbone = {"name": backbone} if isinstance(backbone, str) else dict(backbone)
    shape: dict[str, Any] = {} if image_size is None else {"image_size": tuple(image_size)}
    load = functools.cache(
        lambda: data.load(dataset, imbalance_factor=imbalance_factor, data_dir=data_dir, **shape)
    )
    if dataset not in DATASETS:
        recipe = recipes.for_dataset(recipe, load())
    images = {"dataset": dataset, "imbalance_factor": imbalance_factor, "backbone": backbone, **shape}
    images |= {} if start_from is None else {"start_from": str(start_from)}
    made_by = {
        **images,
        "recipe": recipe.to_dict(),
        "seed": seed,
        "backend": keras.backend.backend(),
        "format": FORMAT,
        **({"watch": sorted(watch)} if watch else {}),
    }
    run = Run(Path(root) / f"{dataset}-{backbone['name']}-{_digits(made_by)}")
    if train and not run.ended:
        _train(run.folder, load(), recipe, made_by, images, watch or {})
    return run


def scaled(recipe: Recipe, share: float) -> Recipe:
    """Return a recipe, under no name, whose stages have a share of their epochs and at least one."""
    epochs = [stage.epochs and max(1, round(share * stage.epochs)) for stage in recipe.stages]
    stages = tuple(with_epochs(recipe.stages, epochs))
    return dataclasses.replace(recipe, name="row", description="", citation="", stages=stages)


def _train(folder: Path, dataset: LongTailedDataset, recipe, made_by, images, watch: Watch) -> None:
    seed = made_by["seed"]
    model = models.build(made_by["backbone"], recipe, dataset, seed=seed)
    if "start_from" in made_by:
        take_backbone(model, made_by["start_from"])
    checkpoint = folder / "checkpoint"
    callbacks: list[keras.callbacks.Callback] = [EpochSeconds()]
    if watch:
        callbacks.append(_Watcher(model, folder / "watched", watch))
    else:  # The epochs of a stage of another run were not watched.
        first = first_stage_of(model, folder.parent / "first_stages", {**images, "format": FORMAT}, seed)
        callbacks.append(first)
        if not checkpoint.exists():
            first.take(checkpoint, seed)
    history = model.fit(
        dataset, verbose=0, seed=seed, callbacks=callbacks, checkpoint=checkpoint, resume=checkpoint.exists()
    )
    with atomic_write(folder / "model.keras") as temporary:
        model.save(temporary)
    result = metrics.evaluate(model, dataset.test)
    about = {
        **made_by,
        "commit": commit(),
        "device": device(),
        "keras": keras.__version__,
        "alarms": [str(alarm) for alarm in history.alarms],
        "history": {key: [float(value) for value in values] for key, values in history.history.items()},
        "result": result.to_dict(),
    }
    with atomic_write(folder / "result.json") as temporary:
        temporary.write_text(json.dumps(about), encoding="utf-8")
    for file in checkpoint.glob("*.npz"):
        file.unlink()


class _Watcher(keras.callbacks.Callback):
    """Write what functions return for the classifier after every epoch, a file per epoch."""

    def __init__(self, classifier, folder, watch):
        super().__init__()
        self.classifier, self.folder, self.watch = classifier, folder, watch

    def on_epoch_end(self, epoch, logs=None):
        """Write the file of an epoch; an epoch that is trained again writes it again."""
        if keras.backend.backend() == "jax":
            self.classifier.jax_state_sync()  # The weights of the last step.
        arrays: dict[str, Any] = {
            name: np.asarray(function(self.classifier)) for name, function in self.watch.items()
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{epoch:05d}.npz"
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)


def _digits(values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
