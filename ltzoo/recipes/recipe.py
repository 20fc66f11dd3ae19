"""A recipe is plain data: a head and a list of training stages."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

TRAINABLE = ("all", "head")
BATCH_NORM = ("train", "frozen", "shifted")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        epochs: passes over the sampler's epoch. 0 for a stage that trains nothing: its head and technique take what
            they need from the data when it begins (closed-form classifiers).
        head: None to go on with the head of the stage before, or `{"name": ..., arguments}` of `ltzoo.heads` for
            another one. It takes over weights as `ltzoo.heads.begin` says.
        loss: `{"name": ..., arguments}` for `ltzoo.losses.get`; class counts and the head's scale are filled in.
        batch_size: images a step, over all hosts.
        sampler: `{"strategy": ..., parameters}` for `ltzoo.sampling.make_sampler`.
        augmentation: list of `{"name": ..., arguments}`, in the order of application.
        augment_on: `"host"` (NumPy, any augmentation) or `"device"` (inside the training step).
        mixup_alpha: Beta parameter of mixup; 0 is off.
        optimizer: `{"name": "sgd", "momentum": ..., "l2": ...}`, "orthogonal_sgd" (`OrthogonalSGD`: steps of
            convolution kernels as in Muon), or any Keras optimizer.
        schedule: see `ltzoo.training.learning_rates`.
        trainable: `"all"`; `"head"` to train the classifier on a frozen backbone; or a list of patterns
            (`["stage3_*"]`) of the backbone's layers that train with the head. No gradient is computed of what is
            frozen before the first layer that trains.
        batch_norm: of the backbone. `"train"`: usual training. `"frozen"`: moving statistics are used and kept,
            scale and offset are not trained. `"shifted"`: batch statistics are used and the moving ones go on
            learning, scale and offset are not trained (MiSLAS Eq. 5-6).
        scale: the scale that the head multiplies its cosine with, None for a head without one.
        cloud: arguments of `ltzoo.layers.GaussianCloud`, or None for no cloud.
        technique: `{"name": ..., arguments}` of `ltzoo.techniques`: what the training step does beyond all this.
        reinitialize_head: start the stage with a fresh classifier (cRT of Kang et al.).
        cache_features: compute the frozen backbone's features once instead of at every step. Needs
            `trainable="head"`, `batch_norm="frozen"`, no augmentation and no technique; mixup then mixes features,
            so it must be 0.
    """

    epochs: int
    loss: Mapping[str, Any]
    batch_size: int = 128
    sampler: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"strategy": "instance_balanced"})
    augmentation: tuple = ()
    augment_on: str = "host"
    mixup_alpha: float = 0.0
    optimizer: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"name": "sgd", "momentum": 0.9, "l2": 2e-4}
    )
    schedule: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"name": "constant", "learning_rate": 0.1}
    )
    head: Mapping[str, Any] | None = None
    trainable: str | Sequence[str] = "all"
    batch_norm: str = "train"
    scale: float | None = None
    cloud: Mapping[str, Any] | None = None
    technique: Mapping[str, Any] | None = None
    reinitialize_head: bool = False
    cache_features: bool = False

    def __post_init__(self):
        object.__setattr__(self, "augmentation", tuple(self.augmentation))
        if not isinstance(self.trainable, str):
            object.__setattr__(self, "trainable", tuple(self.trainable))
        if not isinstance(self.epochs, int) or self.epochs < 0:
            raise ValueError(f"`epochs` must be an integer, at least 0. Received: epochs={self.epochs!r}")
        if not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(
                f"`batch_size` must be a positive integer. Received: batch_size={self.batch_size!r}"
            )
        for field, allowed in (
            ("batch_norm", BATCH_NORM),
            ("augment_on", ("host", "device")),
        ):
            if getattr(self, field) not in allowed:
                raise ValueError(
                    f"`{field}` must be one of {allowed}. Received: {field}={getattr(self, field)!r}"
                )
        if isinstance(self.trainable, str) and self.trainable not in TRAINABLE:
            raise ValueError(
                f"`trainable` must be one of {TRAINABLE} or a list of patterns of layer names. "
                f"Received: trainable={self.trainable!r}"
            )
        if self.trainable == "head" and self.epochs and self.batch_norm == "train":
            raise ValueError(
                "`batch_norm` of a stage that trains only the head must be 'frozen' or 'shifted'. "
                "Received: trainable='head', batch_norm='train'"
            )
        if self.cache_features and (
            self.trainable != "head"
            or self.batch_norm != "frozen"
            or self.augmentation
            or self.mixup_alpha
            or self.technique
        ):
            raise ValueError(
                "`cache_features=True` needs a backbone whose features never change: trainable='head', "
                "batch_norm='frozen', no augmentation, no technique and mixup_alpha=0. "
                f"Received: trainable={self.trainable!r}, batch_norm={self.batch_norm!r}, "
                f"augmentation={self.augmentation!r}, mixup_alpha={self.mixup_alpha}, technique={self.technique!r}"
            )


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A method: the head, and the stages in order.

    Attributes:
        name: the name it was made by.
        head: `{"name": ..., arguments}` of `ltzoo.heads`, the head of the first stage.
        stages: a sequence of `Stage`.
        description: one line.
        citation: paper or code it follows.
        conversions: changes that `ltzoo.models.build` makes to a new backbone, in order: `{"name": ..., arguments}` of
            `ltzoo.backbones.conversions`.
    """

    name: str
    head: Mapping[str, Any]
    stages: tuple
    description: str = ""
    citation: str = ""
    conversions: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "stages", tuple(self.stages))
        object.__setattr__(self, "conversions", tuple(self.conversions))
        if not self.stages or not all(isinstance(stage, Stage) for stage in self.stages):
            raise ValueError(
                f"`stages` must be one or more `Stage` objects. Received: stages={self.stages!r}"
            )

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as dicts and lists that JSON can hold."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        _check_keys("recipe", cls, config)
        for stage in config.get("stages", ()):
            _check_keys("stage", Stage, stage)
        return cls(**{**config, "stages": tuple(Stage(**stage) for stage in config.get("stages", ()))})

    def to_json(self) -> str:
        """The recipe as a JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        return cls.from_dict(json.loads(text))


def _check_keys(what, cls, config):
    if not isinstance(config, Mapping):
        raise ValueError(f"A {what} must be a dict. Received: {config!r}")
    fields = dataclasses.fields(cls)
    unknown = sorted(set(config) - {field.name for field in fields})
    missing = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and field.name not in config
    ]
    if unknown or missing:
        raise ValueError(
            f"A {what} has unknown keys {unknown} and lacks {missing}. Received: {dict(config)!r}"
        )
