"""How a classifier enters and leaves the stages of its recipe."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras

from ltzoo import heads, losses
from ltzoo.keras_internals import layers_of, own_trainable_variables, parts_of
from ltzoo.metrics import Top1Accuracy
from ltzoo.models.initialization import reinitialize
from ltzoo.protocols import StageView
from ltzoo.recipes.recipe import TRAINABLE
from ltzoo.training import optimizers
from ltzoo.training.schedules import EpochSchedule, learning_rates


class Stages:
    """Mixin of `LongTailedClassifier`: what trains, how batch norm behaves and what is compiled in each stage."""

    def enter_stage(self, stage: int | None) -> None:
        """Puts trainability, batch norm and head into the form of stage number `stage`; None is out of training."""
        if stage is not None and not 0 <= stage < len(self.recipe.stages):
            raise ValueError(
                f"`stage` must be None or 0..{len(self.recipe.stages) - 1}. Received: stage={stage}"
            )
        self.stage = stage
        settings = self.recipe.stages[-1 if stage is None else stage]
        norms = [
            layer for layer in layers_of(self.backbone) if isinstance(layer, keras.layers.BatchNormalization)
        ]
        for head in self.heads:
            _set_trainable(head, head is self.head)
        for technique in self.techniques:
            if technique is not None:
                _set_trainable(technique, technique is self.technique)
        self._set_backbone_trainable("all" if stage is None else settings.trainable)
        mode = "train" if stage is None else settings.batch_norm
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
        if settings.scale is not None:
            self.head.scale = settings.scale

    def set_trainable(self, which: str | Sequence[str] = "all") -> None:
        """Freezes layers of the backbone until this is called again, and compiles anew.

        It holds for `fit(x, y)`, and in every stage of `fit(dataset)`, where what a stage freezes is frozen too. Batch
        norm that is frozen is in inference mode. The optimizer is a new one with the same settings. A model whose
        loss or metrics Keras cannot serialize has to be compiled by hand.

        Args:
            which: what may train besides the head: "all" of the backbone; "head" for none of it; or patterns of its
                layers' names, `["stage3_*", "stage2_*"]`, as in `Stage.trainable`. Nothing is computed of the gradients
                of what is frozen before the first layer that trains.

        Raises:
            ValueError: neither "all" nor "head" nor patterns, or no layer matches.
        """
        if isinstance(which, str) and which not in TRAINABLE:
            raise ValueError(
                f"`trainable` must be one of {TRAINABLE} or a list of patterns of layer names. "
                f"Received: trainable={which!r}"
            )
        before, self.trains = self.trains, which if isinstance(which, str) else tuple(which)
        try:
            self.enter_stage(self.stage)
        except ValueError:
            self.trains = before
            self.enter_stage(self.stage)
            raise
        if not self.compiled:
            return
        try:
            self.compile_from_config(self.get_compile_config())
        except (ValueError, TypeError):
            self.compiled = False  # So that `fit` asks for it: the old compilation would train other layers.

    def _set_backbone_trainable(self, stage):
        rules = (stage, self.trains)
        for layer in layers_of(self.backbone):
            _set_trainable(layer, "head" not in rules)
        patterns = [rule for rule in rules if not isinstance(rule, str)]
        if not patterns:
            return
        leaves, others = [], []
        for layer in parts_of(self.backbone):
            if parts_of(layer):
                others.append(layer)
            elif layer.weights:
                leaves.append(layer)
        others = [layer for layer in others if own_trainable_variables(layer)]
        for rule in patterns:
            if not any(_matches(layer, rule) for layer in (*leaves, *others)):
                names = [layer.name for layer in leaves]
                raise ValueError(
                    f"`trainable` must match layers of the backbone; it has {names[:5]} to {names[-5:]}. "
                    f"Received: trainable={list(rule)}"
                )
        for layer in leaves:
            layer.trainable = "head" not in rules and all(_matches(layer, rule) for rule in patterns)
        for layer in others:
            # What it holds besides its parts, such as a class token; `trainable` would go down to the parts.
            for variable in own_trainable_variables(layer):
                variable.trainable = "head" not in rules and all(_matches(layer, rule) for rule in patterns)

    def load_files(self) -> None:
        """Reads the files that techniques need, teachers for one, so that what is wrong with them is said at once."""
        for technique in self.techniques:
            if technique is not None:
                technique.load_files()

    def begin_stage(self, context: StageView) -> None:
        """What happens once when the present stage begins: its head and its technique get ready."""
        previous = self.heads[self.head_numbers[self.stage - 1]] if self.stage else None
        heads.begin(self.head, previous, context)
        if self.recipe.stages[self.stage].reinitialize_head:
            self.reinitialize_head(context.seed)
        if self.technique is not None:
            self.technique.begin(self, context)

    def stage_compile_arguments(self, stage: int, steps_per_epoch: int) -> dict[str, Any]:
        """The arguments of `compile` for a stage: its optimizer on its schedule, its loss, top-1 accuracy."""
        settings = self.recipe.stages[stage]
        rates = learning_rates(settings.schedule, settings.epochs)
        return {
            "optimizer": optimizers.get(settings.optimizer, EpochSchedule(rates, steps_per_epoch)),
            "loss": losses.get(
                settings.loss,
                class_counts=self.class_counts,
                scale=1.0 if settings.scale is None else settings.scale,
                from_cosine=False,
            ),
            "metrics": [Top1Accuracy(name="accuracy")],
            "jit_compile": _jit_compile(),
        }

    def set_stage(self, stage: int, steps_per_epoch: int) -> None:
        """Enters a stage and compiles for it, with a new optimizer."""
        if stage != self.stage:
            self.enter_stage(stage)
        self.compile(**self.stage_compile_arguments(stage, steps_per_epoch))
        self.optimizer.build(self.trainable_variables)

    def finish_training(self, learning_rate: float = 1e-3, build_optimizer: bool = True) -> None:
        """Leaves the stages: no noise, compiled for fine-tuning what `set_trainable` allows with cross-entropy."""
        self.enter_stage(None)
        self.compile(
            optimizer=optimizers.SGD(learning_rate, momentum=0.9),
            loss=losses.get({"name": "cross_entropy"}),
            metrics=[Top1Accuracy(name="accuracy")],
            jit_compile=_jit_compile(),
        )
        if build_optimizer:
            self.optimizer.build(self.trainable_variables)

    def reinitialize_head(self, seed: int) -> None:
        """A fresh classifier, as classifier re-training (cRT) starts with."""
        reinitialize(self.head, seed)


def _matches(layer, patterns):
    return any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in patterns)


def _set_trainable(layer, value):
    # On TensorFlow `layer.trainable = value` does nothing where the layer has this value already, even if its weights
    # or inner layers have another one; the property itself always passes it on.
    type(layer).trainable.fset(layer, value)


def _jit_compile():
    # XLA halves the speed of TensorFlow's convolutions on CPUs; the other backends decide for themselves.
    return False if keras.backend.backend() == "tensorflow" else "auto"
