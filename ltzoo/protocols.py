"""What the parts of the library may use of a classifier, and of a stage that begins.

Techniques, heads, training and exporting work with any object that has these members. So none of them imports the
model that is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import keras


class Classifier(Protocol):
    """What techniques, heads and exporting may use of a classifier.

    Images are raw pixels 0..255 `[batch, height, width, channels]`. `ltzoo.models.LongTailedClassifier` implements it.

    Attributes:
        class_names: the names of the classes.
    """

    class_names: tuple[str, ...]

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
        """The index in `heads` per stage."""
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
        """The `Recipe`."""
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
        """(height, width, channels)."""
        ...

    @property
    def mean(self) -> tuple[float, ...]:
        """The mean per channel, on the 0..1 scale."""
        ...

    @property
    def std(self) -> tuple[float, ...]:
        """The standard deviation per channel, on the 0..1 scale."""
        ...

    @property
    def seed(self) -> int:
        """The seed of the random layers."""
        ...

    def augment(self, images: Any, training: bool | None = None) -> Any:
        """Cast raw pixels to float32; in training, also apply the on-device augmentation."""
        ...

    def normalize_images(self, images: Any, training: bool | None = None) -> Any:
        """Turn raw pixels into the input of the backbone; in training, augment them first."""
        ...

    def feature_map(self, images: Any, training: bool | None = None) -> Any:
        """Compute what the backbone returns for raw pixels."""
        ...

    def features(self, images: Any, training: bool | None = None) -> Any:
        """Compute pooled features `[batch, D]` of raw pixels."""
        ...

    def classify(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits of raw pixels with the current head."""
        ...

    def classify_augmented(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits of what `augment` returned."""
        ...

    def extract_features_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute pooled features of one batch in inference mode."""
        ...

    def extract_feature_maps_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute feature maps of one batch in inference mode."""
        ...


class StagedClassifier(Classifier, Protocol):
    """What the staged fit may use besides: it moves a classifier, a `keras.Model`, through its stages."""

    optimizer: Any
    history: Any
    train_function: Any

    @property
    def variables(self) -> Sequence[Any]:
        """All variables, those of the random layers included."""
        ...

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
        """Set what trains, batch norm and the head for a stage; None leaves training."""

    def begin_stage(self, context: StageView) -> None:
        """Prepare head and technique of the stage that begins."""

    def set_stage(self, stage: int, steps_per_epoch: int) -> None:
        """Enter a stage and compile for it."""

    def stage_compile_arguments(self, stage: int, steps_per_epoch: int) -> dict[str, Any]:
        """Make the arguments of `compile` for a stage."""
        ...

    def finish_training(self) -> None:
        """Leave the stages and compile for fine-tuning."""

    def train_step(self, *arguments: Any) -> Any:
        """Run one step of training; its arguments are those of the backend's Keras model."""
        ...


class StageView(Protocol):
    """What a head or a technique may look at when its stage begins; everything is in inference mode.

    `ltzoo.training.context.StageContext` implements it.
    """

    @property
    def dataset(self) -> Any:
        """The `LongTailedDataset`."""
        ...

    @property
    def index(self) -> int:
        """The number of the stage, 0 for the first."""
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

    def val_features(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the same for the validation images, or None if there are none."""
        ...

    def feature_maps(self, positions: Sequence[int] | np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Return feature maps float32 `[n, h, w, D]` of the training images at `positions`."""
        ...

    def logits(self, batch_size: int = 256) -> np.ndarray:
        """Return logits float32 `[N, C]` of the training images by the head of the previous stage."""
        ...
