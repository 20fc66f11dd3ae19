"""How a classifier enters and leaves the stages of its recipe."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo import losses
from ltzoo.metrics import Top1Accuracy
from ltzoo.models.initialization import reinitialize
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
            layer
            for layer in self.backbone._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        self.backbone.trainable = stage is None or settings.trainable == "all"
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

    def stage_compile_arguments(self, stage: int, steps_per_epoch: int) -> dict[str, Any]:
        """The arguments of `compile` for a stage: its optimizer on its schedule, its loss, top-1 accuracy."""
        settings = self.recipe.stages[stage]
        rates = learning_rates(settings.schedule, settings.epochs)
        return {
            "optimizer": optimizers.get(settings.optimizer, EpochSchedule(rates, steps_per_epoch)),
            "loss": losses.get(
                settings.loss,
                class_counts=[int(count) for count in self.class_counts],
                scale=1.0 if settings.scale is None else settings.scale,
                from_cosine=False,
            ),
            "metrics": [Top1Accuracy(name="accuracy")],
            "jit_compile": _jit_compile(),
        }

    def set_stage(self, stage: int, steps_per_epoch: int) -> None:
        """Enters a stage and compiles for it, with a new optimizer."""
        self.enter_stage(stage)
        self.compile(**self.stage_compile_arguments(stage, steps_per_epoch))
        self.optimizer.build(self.trainable_variables)

    def finish_training(self, learning_rate: float = 1e-3) -> None:
        """Leaves the stages: everything trains, no noise, compiled for fine-tuning with cross-entropy."""
        self.enter_stage(None)
        self.compile(
            optimizer=optimizers.SGD(learning_rate, momentum=0.9),
            loss=losses.get({"name": "cross_entropy"}),
            metrics=[Top1Accuracy(name="accuracy")],
            jit_compile=_jit_compile(),
        )
        self.optimizer.build(self.trainable_variables)

    def reinitialize_head(self, seed: int) -> None:
        """A fresh classifier, as classifier re-training (cRT) starts with."""
        reinitialize(self.head, seed)


def _jit_compile():
    # XLA halves the speed of TensorFlow's convolutions on CPUs; the other backends decide for themselves.
    return False if keras.backend.backend() == "tensorflow" else "auto"
