"""Recipes as plain data: a head and a list of training stages."""

import dataclasses
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from ltzoo.arguments import check
from ltzoo.checks import Alpha, BatchSize, Epochs, Positive, did_you_mean, one_of, received, refuse, shortened
from ltzoo.part_sources import check_config
from ltzoo.readers import json_text
from ltzoo.recipes.recipe_schema import check_sizes
from ltzoo.recipes.stage_checks import check_finite, check_parts, plain_value

TRAINABLE = ("all", "head")
BATCH_NORM = ("train", "frozen", "shifted")
AUGMENT_ON = ("host", "device")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        epochs: number of epochs of the sampler. With 0 the stage trains nothing: its head and technique take what
            they need from the data when it begins (closed-form classifiers).
        head: `{"name": ..., arguments}` of `ltzoo.heads` for a new head, or None to keep the head of the previous
            stage. `ltzoo.heads.begin` says which weights a new head takes over.
        loss: `{"name": ..., arguments}` for `ltzoo.losses.get`; class counts and the head's scale are filled in.
        batch_size: images per step, over all hosts.
        sampler: `{"strategy": ..., parameters}` for `ltzoo.sampling.make_sampler`.
        augmentation: list of `{"name": ..., arguments}`, in the order of application.
        augment_on: "host" (NumPy, any augmentation) or "device" (inside the training step).
        mixup_alpha: Beta parameter of mixup; 0 is off.
        optimizer: `{"name": "sgd", "momentum": ..., "l2": ...}`, "orthogonal_sgd" (`OrthogonalSGD`, with Muon's steps
            for convolution kernels), or any Keras optimizer.
        schedule: see `ltzoo.training.learning_rates`.
        trainable: "all"; "head" to train the classifier on a frozen backbone; or a list of patterns such as
            `["stage3_*"]` of backbone layers that train with the head. No gradients are computed below the first
            trainable layer.
        batch_norm: mode of the backbone's batch norm. "train" is the usual training. "frozen" uses the moving
            statistics and changes nothing. "shifted" uses batch statistics and updates the moving ones, but does not
            train scale and offset (MiSLAS Eq. 5-6).
        scale: factor of the head's cosine; None for a head without one.
        cloud: arguments of `ltzoo.layers.GaussianCloud`, or None for no cloud.
        technique: `{"name": ..., arguments}` of `ltzoo.techniques` for further changes to the training step, or None.
        reinitialize_head: start the stage with a new classifier (cRT of Kang et al.).
        cache_features: compute the frozen backbone's features once instead of at every step. It needs
            `trainable="head"`, `batch_norm="frozen"`, no augmentation and no technique. `mixup_alpha` must be 0, since
            mixup would mix features.

    Raises:
        ValueError: if a field has an invalid value, or fields contradict each other.
    """

    epochs: Epochs
    loss: Mapping[str, Any]
    batch_size: BatchSize = 128
    sampler: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"strategy": "instance_balanced"})
    augmentation: Sequence[Mapping[str, Any]] = ()
    augment_on: str = "host"
    mixup_alpha: Alpha = 0.0
    optimizer: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"name": "sgd", "momentum": 0.9, "l2": 2e-4}
    )
    schedule: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {"name": "constant", "learning_rate": 0.1}
    )
    head: Mapping[str, Any] | None = None
    trainable: str | Sequence[str] = "all"
    batch_norm: str = "train"
    scale: Positive | None = None
    cloud: Mapping[str, Any] | None = None
    technique: Mapping[str, Any] | None = None
    reinitialize_head: bool = False
    cache_features: bool = False

    def __post_init__(self):
        _check_fields(self)
        object.__setattr__(self, "augmentation", tuple(self.augmentation))
        if not isinstance(self.trainable, str):
            object.__setattr__(self, "trainable", tuple(self.trainable))
        one_of("batch_norm", self.batch_norm, BATCH_NORM)
        one_of("augment_on", self.augment_on, AUGMENT_ON)
        if (
            isinstance(self.trainable, str)
            and self.trainable not in TRAINABLE
            or not self.trainable
            or not all(self.trainable)
        ):
            right = f"one of {TRAINABLE} or a list of patterns for layer names"
            refuse("trainable", right, self.trainable, did_you_mean(self.trainable, TRAINABLE))
        if self.trainable == "head" and self.epochs and self.batch_norm == "train":
            raise ValueError(
                "`batch_norm` must be 'frozen' or 'shifted' in a stage that trains only the head. "
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
                "`cache_features` must be False unless the features never change, that is with trainable='head', "
                "batch_norm='frozen', no augmentation, no technique and mixup_alpha=0. "
                f"Received: trainable={self.trainable!r}, batch_norm={self.batch_norm!r}, "
                f"augmentation={self.augmentation!r}, mixup_alpha={self.mixup_alpha}, technique={self.technique!r}"
            )
        check_parts(self)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A method: a head, and stages in order.

    Attributes:
        name: the registered name it was made from.
        head: `{"name": ..., arguments}` of `ltzoo.heads`, the head of the first stage.
        stages: the stages, a sequence of `Stage`.
        description: a one-line description.
        citation: the paper or code that it follows.
        conversions: changes that `ltzoo.models.build` makes to a new backbone, in order. Each is
            `{"name": ..., arguments}` of `ltzoo.backbones.conversions`.

    Raises:
        ValueError: if there are no stages, or one is not a `Stage`.
    """

    name: str
    head: Mapping[str, Any]
    stages: Sequence[Stage]
    description: str = ""
    citation: str = ""
    conversions: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self):
        _check_fields(self)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ()+._-]*", self.name):
            refuse("name", "of letters, digits, spaces and ()+._-, the first a letter or digit", self.name)
        object.__setattr__(self, "stages", tuple(self.stages))
        object.__setattr__(self, "conversions", tuple(self.conversions))
        if not self.stages or not all(isinstance(stage, Stage) for stage in self.stages):
            raise ValueError(
                f"`stages` must be one or more `Stage` objects. Received: stages={self.stages!r}"
            )
        for config in ({"head": self.head}, *({"conversions": entry} for entry in self.conversions)):
            for field, value in config.items():
                check_finite(field, value)
                check_config("head" if field == "head" else "conversion", value, field)

    @property
    def epochs(self) -> int:
        """Total number of epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as dicts and lists that JSON can store."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> Self:
        """Make a recipe from the result of `to_dict`.

        Raises:
            ValueError: a key is unknown or missing, or a value is wrong or exceeds the limits of `recipe_schema`.
        """
        _check_keys("recipe", cls, config)
        check_sizes(config)
        for stage in config["stages"]:
            _check_keys("stage", Stage, stage)
        return cls(**{**config, "stages": tuple(Stage(**stage) for stage in config["stages"])})

    def to_json(self) -> str:
        """Return the recipe as JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a recipe from the result of `to_json`.

        Raises:
            ValueError: `text` is no JSON within the limits of `ltzoo.readers.json_text.parse`, or no recipe.
        """
        return cls.from_dict(json_text.parse(text))


def _check_fields(made):
    check(inspect.signature(type(made)), vars(made))
    for field, value in list(vars(made).items()):
        if field != "stages":
            object.__setattr__(made, field, plain_value(value))


def _check_keys(what, cls, config):
    if not isinstance(config, Mapping):
        raise ValueError(f"`{what}` must be a dict. {received(what, config)}")
    fields = dataclasses.fields(cls)
    unknown = sorted(map(str, set(config) - {field.name for field in fields}))
    missing = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and field.name not in config
    ]
    if unknown or missing:
        raise ValueError(
            f"`{what}` must have the fields of `{cls.__name__}`; it has unknown keys "
            f"{shortened(unknown)} and lacks {missing}. {received(what, dict(config))}"
        )
