"""Move a classifier through the stages of its recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import keras
import numpy as np

from ltzoo import heads, losses
from ltzoo.checks import did_you_mean, refuse
from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.keras_internals import layers_of
from ltzoo.layers import GaussianCloud
from ltzoo.metrics import BalancedAccuracy, NegativeLogLikelihood, Top1Accuracy
from ltzoo.models.freezing import check_patterns, set_backbone_trainable, set_trainable
from ltzoo.models.initialization import reinitialize
from ltzoo.protocols import Classifier, StageView
from ltzoo.recipes.recipe import TRAINABLE, Recipe
from ltzoo.techniques import Technique
from ltzoo.training import optimizers
from ltzoo.training.schedules import EpochSchedule, learning_rates


class Stages:
    """Mixin of `LongTailedClassifier` that sets what trains, how batch norm behaves and what is compiled per stage.

    Attributes:
        stage: the current stage; None outside a staged fit.
        trains: what may train, as `set_trainable` takes it.
    """

    stage: int | None
    trains: str | tuple[str, ...]
    # What the mixin uses of the classifier, and of `keras.Model`.
    recipe: Recipe
    class_counts: np.ndarray
    backbone: keras.Model
    heads: list[keras.layers.Layer]
    head_numbers: list[int]
    techniques: list[Technique | None]
    clouds: list[GaussianCloud | None]
    device_augmentations: list[DeviceAugmentation | None]
    compiled: bool
    compile: Callable[..., None]
    compile_from_config: Callable[[Any], None]
    get_compile_config: Callable[[], Any]
    mark_fine_tuning: Callable[[], None]
    optimizer: Any
    trainable_variables: list[keras.Variable]

    @property
    def head(self) -> keras.layers.Layer:
        """The head of the current stage; outside training, of the last stage."""
        return self.heads[self.head_numbers[-1 if self.stage is None else self.stage]]

    @property
    def trains_on_validation(self) -> bool:
        """Whether a stage trains on the validation images, so that they measure nothing afterwards."""
        return any(getattr(head, "trains_on_validation", False) for head in self.heads)

    @property
    def technique(self) -> Technique | None:
        """The technique of the current stage, or None."""
        return None if self.stage is None else self.techniques[self.stage]

    @property
    def cloud(self) -> GaussianCloud | None:
        """The Gaussian cloud of the current stage, or None."""
        return None if self.stage is None else self.clouds[self.stage]

    @property
    def device_augmentation(self) -> DeviceAugmentation | None:
        """The in-model augmentation of the current stage, or None."""
        return None if self.stage is None else self.device_augmentations[self.stage]

    def check_stages(self) -> None:
        """Refuse losses, optimizers and heads that cannot be made or used, long before their stage begins."""
        for stage in self.recipe.stages:
            self._loss(stage)
            optimizers.check(stage.optimizer)
        for index, number in enumerate(self.head_numbers):
            check = getattr(self.heads[number], "check_stage", None)
            if check is not None and number not in self.head_numbers[:index]:
                check(self.recipe, index)

    def _loss(self, stage):
        scale = 1.0 if stage.scale is None else stage.scale
        return losses.get(stage.loss, class_counts=self.class_counts, scale=scale, from_cosine=False)

    def enter_stage(self, stage: int | None) -> None:
        """Set trainability, batch norm and head for a stage.

        Args:
            stage: index of the stage; None leaves training.

        Raises:
            ValueError: there is no such stage, or the backbone lacks the batch norm that it needs.
        """
        if stage is not None and not 0 <= stage < len(self.recipe.stages):
            raise ValueError(
                f"`stage` must be None or 0..{len(self.recipe.stages) - 1}. Received: stage={stage}"
            )
        self.stage = stage
        settings = self.recipe.stages[-1 if stage is None else stage]
        current: Any = self.head
        for head in self.heads:
            set_trainable(head, head is current)
        for technique in self.techniques:
            if technique is not None:
                set_trainable(technique, technique is self.technique)
        set_backbone_trainable(self.backbone, ("all" if stage is None else settings.trainable, self.trains))
        self._set_batch_norm("train" if stage is None else settings.batch_norm)
        if settings.scale is not None:
            current.scale = settings.scale

    def _set_batch_norm(self, mode):
        norms: list[Any] = [
            layer for layer in layers_of(self.backbone) if isinstance(layer, keras.layers.BatchNormalization)
        ]
        if mode == "shifted" and any(not hasattr(layer, "shifted") for layer in norms):
            raise ValueError(
                "`batch_norm='shifted'` needs ltzoo.layers.BatchNormalization in the backbone. "
                f"Received: {type(norms[0]).__name__} in backbone {self.backbone.name!r}"
            )
        for layer in norms:
            if hasattr(layer, "shifted"):
                layer.shifted = mode == "shifted"
            if mode != "train":
                layer.trainable = False

    def set_trainable(self, which: str | Sequence[str] = "all") -> None:
        """Freeze backbone layers (until the next call) and recompile.

        The choice holds for `fit(x, y)` and in every stage of `fit(dataset)`, where layers that the stage freezes stay
        frozen. Frozen batch norm runs in inference mode. The optimizer is a new one with the same settings. If Keras
        cannot serialize the loss or the metrics, compile the model again before the next `fit`.

        Args:
            which: what trains besides the head: "all" of the backbone; "head" for none of it; or patterns of layer
                names such as `["stage3_*", "stage2_*"]`, as in `Stage.trainable`. No gradients are computed below the
                first trainable layer.

        Raises:
            ValueError: `which` is neither "all" nor "head" nor patterns, or no layer matches.
        """
        is_text = isinstance(which, str)
        if which not in TRAINABLE if is_text else not _are_texts(which):
            right = f"one of {', '.join(map(repr, TRAINABLE))} or a list of patterns of layer names"
            refuse("trainable", right, which, did_you_mean(which, TRAINABLE) if is_text else "")
        before, self.trains = self.trains, which if isinstance(which, str) else tuple(which)
        try:
            self.enter_stage(self.stage)
        except Exception:
            self.trains = before
            self.enter_stage(self.stage)
            raise
        if not self.compiled:
            return
        try:
            self.compile_from_config(self.get_compile_config())
        except (ValueError, TypeError):
            # The old compilation would train other layers; uncompiled, `fit` asks for a new one.
            self.compiled = False

    def load_files(self) -> None:
        """Load the files that techniques need, such as teachers, so that missing ones are reported at once.

        Raises:
            ValueError: the patterns of a later stage match no layer of the backbone.
        """
        check_patterns(self.backbone, [stage.trainable for stage in self.recipe.stages])
        for technique in self.techniques:
            if technique is not None:
                technique.load_files()

    def begin_stage(self, context: StageView) -> None:
        """Prepare the head and the technique of the current stage, once, before its first epoch."""
        assert self.stage is not None
        previous = self.heads[self.head_numbers[self.stage - 1]] if self.stage else None
        heads.begin(self.head, previous, context)
        if self.recipe.stages[self.stage].reinitialize_head:
            self.reinitialize_head(context.seed)
        if self.technique is not None:
            self.technique.begin(cast(Classifier, self), context)

    def stage_compile_arguments(
        self, stage: int, steps_per_epoch: int, judged: bool = False, accumulate: int = 1
    ) -> dict[str, Any]:
        """Return the arguments of `compile` for a stage: optimizer on its schedule, loss, top-1 accuracy.

        Args:
            stage: index of the stage.
            steps_per_epoch: steps per epoch, each of one batch or, with `accumulate`, of one part of it.
            judged: also measure balanced accuracy and negative log-likelihood.
            accumulate: steps whose gradients are averaged for one update of the weights.
        """
        more = [BalancedAccuracy(len(self.class_counts)), NegativeLogLikelihood()] if judged else []
        settings = self.recipe.stages[stage]
        rates = learning_rates(settings.schedule, settings.epochs)
        averaged = {"gradient_accumulation_steps": accumulate} if accumulate > 1 else {}
        return {
            # The schedule counts steps. Updates come with the last step of a batch, so they have the rate of its epoch.
            "optimizer": optimizers.get(
                {**settings.optimizer, **averaged}, EpochSchedule(rates, steps_per_epoch)
            ),
            "loss": self._loss(settings),
            "metrics": [Top1Accuracy(name="accuracy"), *more],
            "jit_compile": default_jit_compile(),
        }

    def set_stage(self, stage: int, steps_per_epoch: int, judged: bool = False, accumulate: int = 1) -> None:
        """Enter a stage and compile for it, with a new optimizer."""
        if stage != self.stage:
            self.enter_stage(stage)
        self.compile(**self.stage_compile_arguments(stage, steps_per_epoch, judged, accumulate))
        self.optimizer.build(self.trainable_variables)

    def finish_training(self, learning_rate: float = 1e-3, build_optimizer: bool = True) -> None:
        """Leave the stages, and compile for fine-tuning with cross-entropy and without noise.

        Args:
            learning_rate: learning rate of SGD with momentum 0.9.
            build_optimizer: create the optimizer's variables now, not at the first `fit`.
        """
        self.enter_stage(None)
        self.compile(
            optimizer=optimizers.SGD(learning_rate, momentum=0.9),
            loss=losses.get({"name": "cross_entropy"}),
            metrics=[Top1Accuracy(name="accuracy")],
            jit_compile=default_jit_compile(),
        )
        self.mark_fine_tuning()
        if build_optimizer:
            self.optimizer.build(self.trainable_variables)

    def reinitialize_head(self, seed: int) -> None:
        """Draw new weights for the current head, as classifier re-training (cRT) does."""
        reinitialize(self.head, seed)


def _are_texts(patterns):
    texts = list(patterns) if isinstance(patterns, Iterable) else []
    return bool(texts) and all(isinstance(text, str) and text for text in texts)


def default_jit_compile() -> bool | str:
    """Return `jit_compile` of `compile` for this backend."""
    # XLA halves the speed of TensorFlow's convolutions on CPUs; the other backends decide for themselves.
    return False if keras.backend.backend() == "tensorflow" else "auto"
