"""Protocols through which the parts of the library know a classifier and a stage.

Techniques, heads, training and exporting accept any object with these members, so none of them imports the model
that is built from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    import keras


class OutOfFold(NamedTuple):
    """Logits `[n, C]` and labels `[n]` of images, each by a head that was trained on other folds.

    `positions` `[n]` number the images: first those of the training split, then those of the validation split.
    """

    logits: np.ndarray
    labels: np.ndarray
    positions: np.ndarray


class Classifier(Protocol):
    """The members of a classifier that techniques, heads and exporting may use.

    Images are raw pixels 0..255 `[batch, height, width, channels]`. `ltzoo.models.LongTailedClassifier` implements
    the protocol.

    Attributes:
        class_names: the names of the classes, in label order.
        image_fit: how images of any shape become `image_shape`: "crop", "squash" or "pad".
    """

    class_names: tuple[str, ...]
    image_fit: str

    @property
    def name(self) -> str:
        """The name of the model."""
        ...

    @property
    def dtype_policy(self) -> keras.DTypePolicy:
        """The dtypes of weights and computation."""
        ...

    @property
    def backbone(self) -> keras.Model:
        """The network from normalized images to a map `[batch, h, w, D]` or to features `[batch, D]`."""
        ...

    @property
    def variables(self) -> Sequence[Any]:
        """All variables, including those of the random layers."""
        ...

    @property
    def trainable_variables(self) -> Sequence[Any]:
        """The weights that train in the current stage."""
        ...

    @property
    def feature_size(self) -> int:
        """The number of features D."""
        ...

    @property
    def head(self) -> keras.layers.Layer:
        """The head of the current stage; outside training, of the last stage."""
        ...

    @property
    def heads(self) -> Sequence[keras.layers.Layer]:
        """The heads of all stages, without repetition."""
        ...

    @property
    def head_numbers(self) -> Sequence[int]:
        """The index into `heads`, per stage."""
        ...

    @property
    def technique(self) -> Any | None:
        """The `ltzoo.techniques.Technique` of the current stage, or None."""
        ...

    @property
    def techniques(self) -> Sequence[Any | None]:
        """The technique of each stage, or None."""
        ...

    @property
    def recipe(self) -> Any:
        """The `ltzoo.recipes.Recipe` that trains the classifier."""
        ...

    @property
    def class_counts(self) -> Any:
        """The number of training images per class."""
        ...

    @property
    def num_classes(self) -> int:
        """The number of classes C."""
        ...

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape (height, width, channels) of one image."""
        ...

    @property
    def mean(self) -> tuple[float, ...]:
        """The pixel mean per channel, on the 0..1 scale."""
        ...

    @property
    def std(self) -> tuple[float, ...]:
        """The standard deviation of the pixels per channel, on the 0..1 scale."""
        ...

    @property
    def seed(self) -> int:
        """The seed of the random layers."""
        ...

    def augment(self, images: Any, training: bool | None = None) -> Any:
        """Cast raw pixels to float32; in training, also apply the on-device augmentation."""
        ...

    def normalize_images(self, images: Any, training: bool | None = None) -> Any:
        """Convert raw pixels to the input of the backbone; in training, augment them first."""
        ...

    def feature_map(self, images: Any, training: bool | None = None) -> Any:
        """Compute the output of the backbone for raw pixels: a map `[batch, h, w, D]` or features `[batch, D]`."""
        ...

    def features(self, images: Any, training: bool | None = None) -> Any:
        """Compute pooled features `[batch, D]` of raw pixels."""
        ...

    def classify(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits of raw pixels with the current head."""
        ...

    def classify_augmented(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits of the images that `augment` returned."""
        ...

    def extract_features_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute pooled features of one batch in inference mode."""
        ...

    def extract_feature_maps_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute feature maps of one batch in inference mode."""
        ...


class StagedClassifier(Classifier, Protocol):
    """The members that the staged fit uses in addition, to move a `keras.Model` through its stages."""

    optimizer: Any
    history: Any
    train_function: Any

    @property
    def cloud(self) -> Any | None:
        """The `GaussianCloud` of the current stage, or None."""
        ...

    @property
    def device_augmentation(self) -> Any | None:
        """The `DeviceAugmentation` of the current stage, or None."""
        ...

    def load_files(self) -> None:
        """Load the files that techniques need."""

    def enter_stage(self, stage: int | None) -> None:
        """Set trainability, batch norm and head for a stage; None leaves training."""

    def begin_stage(self, context: StageView) -> None:
        """Prepare the head and the technique of the current stage, before its first epoch."""

    def set_stage(self, stage: int, steps_per_epoch: int, judged: bool = False, accumulate: int = 1) -> None:
        """Enter a stage and compile for it."""

    def stage_compile_arguments(
        self, stage: int, steps_per_epoch: int, judged: bool = False, accumulate: int = 1
    ) -> dict[str, Any]:
        """Return the arguments of `compile` for a stage."""
        ...

    def finish_training(self) -> None:
        """Leave the stages and compile for fine-tuning."""

    def train_step(self, *arguments: Any) -> Any:
        """Run one training step; Keras passes different arguments on each backend."""
        ...


class StageView(Protocol):
    """What a head or a technique may read when its stage begins, computed in inference mode.

    `ltzoo.training.context.StageContext` implements the protocol.
    """

    @property
    def dataset(self) -> Any:
        """The `LongTailedDataset` to train on."""
        ...

    @property
    def index(self) -> int:
        """The index of the stage, from 0."""
        ...

    @property
    def seed(self) -> int:
        """The seed of the stage."""
        ...

    @property
    def class_counts(self) -> Any:
        """The number of training images per class."""
        ...

    @property
    def num_classes(self) -> int:
        """The number of classes C."""
        ...

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Return pooled features float32 `[N, D]` and labels int64 `[N]` of the training images."""
        ...

    def features_at(self, positions: Sequence[int] | np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Return pooled features float32 `[n, D]` of the training images at `positions`."""
        ...

    def val_features(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the same for the validation images, or None if there are none."""
        ...

    def feature_maps(self, positions: Sequence[int] | np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Return feature maps float32 `[n, h, w, D]` of the training images at `positions`."""
        ...

    def logits(self, batch_size: int = 256) -> np.ndarray:
        """Return logits float32 `[N, C]` of the training images, from the head of the previous stage."""
        ...

    def refit(self, folds: int) -> OutOfFold:
        """Train the previous head again on all training and validation images; return out-of-fold logits."""
        ...

    def fold_features(self, folds: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features `[N, D]`, labels and folds (-1: none) of the training and validation images."""
        ...

    def keep_out_of_fold(self, found: OutOfFold) -> None:
        """Let the classifier keep the logits that measure it."""
