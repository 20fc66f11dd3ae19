"""`LongTailedClassifier`: from raw pixels to logits, with the recipe that trains it."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo import losses
from ltzoo.arguments import checked
from ltzoo.checks import ModelSeed
from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.heads.inputs import head_input_shape, head_inputs, pool
from ltzoo.keras_internals import KeepsValues, untracked
from ltzoo.models import stage_parts
from ltzoo.models.array_arguments import ArrayArguments
from ltzoo.models.exporting import export_model
from ltzoo.models.features_on_batch import FeaturesOnBatch
from ltzoo.models.keras_ways import KerasWays
from ltzoo.models.normalization import normalize
from ltzoo.models.stages import Stages, default_jit_compile
from ltzoo.models.thread_safety import ThreadSafe, alone
from ltzoo.models.values import checked_counts, checked_fit, checked_names, checked_shape, per_channel
from ltzoo.pipeline_errors import original_errors
from ltzoo.recipes.recipe import Recipe
from ltzoo.training import fit_stages, optimizers
from ltzoo.training.arguments import check_data
from ltzoo.training.devices import check_torch_processes
from ltzoo.training.staged_loss import StagedLoss, TrainingOutput


@keras.saving.register_keras_serializable(package="ltzoo")
class LongTailedClassifier(
    ThreadSafe, Stages, StagedLoss, ArrayArguments, FeaturesOnBatch, KerasWays, KeepsValues, keras.Model
):
    """A long-tailed classifier: `logits = head(pool(backbone((pixels / 255 - mean) / std)))`.

    The input is raw pixels 0..255 `[batch, height, width, channels]`, integers or floats, so training, prediction and
    serving cannot normalize differently. The output is logits `[batch, num_classes]` in float32; their softmax is the
    prediction. While a stage trains, it is a `TrainingOutput` that holds the logits. `fit(dataset)` with a
    `LongTailedDataset` runs the stages of the recipe. Any other `fit` is Keras's own and trains the whole network with
    cross-entropy, unless the model was compiled otherwise. Arrays are checked first; see `ArrayArguments`.

    Args:
        backbone: a `keras.Model` from normalized images to a feature map `[batch, h, w, D]` or features `[batch, D]`.
        recipe: the `Recipe` that trains the model.
        class_counts: training images per class.
        image_shape: (height, width, channels).
        class_names: one name per class; default "0", "1", ...
        mean, std: pixel statistics, one number or one per channel, on the 0..1 scale.
        seed: seed of the random layers, which act in training only.
        stage: the stage that the model is in; None outside a staged fit.
        trains: what may train, as `set_trainable` takes it.
        image_fit: how images of any other shape become `image_shape`: "crop", "squash" or "pad"; see
            `ltzoo.data.image_fit.fit_image`. `fit(dataset)` takes that of the dataset.

    Raises:
        ValueError: the class counts, class names, stage or `image_fit` are invalid.
    """

    # Keras has them on every backend, with other arguments on each.
    train_function: Any
    train_step: Callable[..., Any]

    @checked
    def __init__(
        self,
        backbone: keras.Model,
        recipe: Recipe,
        class_counts: Sequence[int] | np.ndarray,
        *,
        image_shape: Sequence[int],
        class_names: Sequence[str] | None = None,
        mean: float | Sequence[float] | np.ndarray = 0.5,
        std: float | Sequence[float] | np.ndarray = 0.25,
        seed: ModelSeed = 0,
        stage: int | None = None,
        trains: str | Sequence[str] = "all",
        image_fit: str = "crop",
        name: str = "long_tailed_classifier",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        counts = checked_counts(class_counts)
        self.class_counts, self.num_classes = counts.array, counts.num_classes
        self.class_names = checked_names(class_names, self.num_classes)
        self.image_shape = checked_shape("image_shape", image_shape)
        self.image_fit = checked_fit(image_fit)
        self.mean = per_channel("mean", mean, self.image_shape[-1])
        self.std = per_channel("std", std, self.image_shape[-1], positive=True)
        self.recipe = recipe
        self.seed = int(seed)
        self.backbone = backbone
        # The parts of all stages are made now: the set of layers never changes, so weights files fit in every stage.
        self.heads, self.head_numbers = stage_parts.make_heads(recipe, counts)
        self.clouds = stage_parts.make_clouds(recipe, counts, self.seed)
        self.device_augmentations = stage_parts.make_augmentations(recipe, self.num_classes, self.seed)
        self.techniques = stage_parts.make_techniques(recipe, counts, self.seed)
        self.trains = trains if isinstance(trains, str) else tuple(trains)
        self.check_stages()
        self.enter_stage(stage)
        self.build((None, *self.image_shape))
        self.enter_stage(stage)  # Again, for the weights that `build` created.

    @property
    def starts_random(self) -> bool:
        """Whether the backbone has the random weights that `ltzoo.models.build` drew."""
        return self.__dict__.get("_starts_random", False)

    @starts_random.setter
    def starts_random(self, value: bool) -> None:
        untracked(self, "_starts_random", value)

    def load_weights(self, *args: Any, **kwargs: Any) -> None:
        """Load weights; see `keras.Model.load_weights`."""
        super().load_weights(*args, **kwargs)
        self.starts_random = False

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Set all weights; see `keras.Model.set_weights`."""
        super().set_weights(weights)
        self.starts_random = False

    @property
    def feature_size(self) -> int:
        """The number of features D."""
        return int(self.backbone.output_shape[-1])

    def build(self, input_shape):
        """Build the backbone if it is not built yet, the heads, the techniques and the random layers."""
        if self.built:
            return
        if not self.backbone.built:
            self.backbone.build(input_shape)
        for head in self.heads:
            head.build(head_input_shape(head, self.backbone.output_shape))
        for technique in self.techniques:
            if technique is not None:
                technique.attach(self)
                technique.built = True
        for layer in [*self.clouds, *self.device_augmentations]:
            if layer is not None and not layer.built:
                shape = input_shape if isinstance(layer, DeviceAugmentation) else (None, self.num_classes)
                layer.build(shape)
        self.built = True

    def call(self, images, training=None):
        """Compute logits `[batch, num_classes]` of raw pixels; during a training stage, return a `TrainingOutput`."""
        if not training and self.technique is not None:
            return self.technique.validation_pass(self, images)
        if not training or self.stage is None:
            return self.classify(images, training=training)
        if self.technique is None:
            return TrainingOutput(self.classify(images, training=True))
        return TrainingOutput(*self.technique.training_pass(self, images))

    def classify(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits `[batch, num_classes]` of raw pixels with the current head."""
        return self.classify_augmented(self.augment(images, training=training), training=training)

    def classify_augmented(self, images: Any, training: bool | None = None) -> Any:
        """Compute logits of the images that `augment` returned."""
        maps = self.backbone(self._normalize(images), training=training)
        return self.head(head_inputs(self.head, maps), training=training)

    def features(self, images: Any, training: bool | None = None) -> Any:
        """Compute pooled features `[batch, D]` of raw pixels."""
        return pool(self.feature_map(images, training=training))

    def feature_map(self, images: Any, training: bool | None = None) -> Any:
        """Compute the output of the backbone for raw pixels: a map `[batch, h, w, D]` or features `[batch, D]`."""
        return self.backbone(self.normalize_images(images, training=training), training=training)

    def normalize_images(self, images: Any, training: bool | None = None) -> Any:
        """Convert raw pixels to the input of the backbone; in training, augment them on the device first."""
        return self._normalize(self.augment(images, training=training))

    def _normalize(self, images):
        return ops.cast(normalize(images, self.mean, self.std), self.compute_dtype)

    def augment(self, images: Any, training: bool | None = None) -> Any:
        """Cast raw pixels to float32; in training, also apply the on-device augmentation.

        Raises:
            ValueError: the images have another shape than `image_shape`.
        """
        if tuple(images.shape[1:]) != self.image_shape:
            raise ValueError(
                f"`images` must have pixels 0..255 and the shape {self.image_shape} (height, width, channels) each; "
                "resize them, or build a model for their size. "
                f"Received: images of shape {tuple(images.shape)}"
            )
        images = ops.cast(images, "float32")
        if training and self.device_augmentation is not None:
            images = self.device_augmentation(images, training=True)
        return images

    def compute_output_shape(self, input_shape):
        """Return `(batch, num_classes)`."""
        return (input_shape[0], self.num_classes)

    @alone
    @original_errors()
    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Run all stages on a `LongTailedDataset`; for any other `x`, call Keras's own `fit`.

        For the first form, `fit(dataset, callbacks=, checkpoint=, resume=, seed=, ...)`, see
        `ltzoo.training.fit_stages`. The second checks its arrays; see `ltzoo.contracts.labels` and
        `ltzoo.contracts.image_arrays`. Signs that nothing was learned are `TrainingAlarm` warnings.
        """
        check_data(x)
        if isinstance(x, LongTailedDataset):
            history = fit_stages(self, x, *args, **kwargs)
        else:
            check_torch_processes()
            history = super().fit(x, *args, **kwargs)
        self.starts_random = False
        return history

    def get_compile_config(self):
        """Return the arguments of `compile`, their backend, and whether the optimizer is built; None without any."""
        config = super().get_compile_config()
        if not config:
            return config
        return {**config, "backend": keras.backend.backend(), "optimizer_built": bool(self.optimizer.built)}

    def compile_from_config(self, config):
        """Compile as `get_compile_config` says, and recognize the library's own compilation for fine-tuning.

        Whether to use a compiler (`jit_compile`) is each backend's own: what one has saved may take another minutes.
        """
        config = dict(config)
        optimizer_built = config.pop("optimizer_built", True)  # Earlier files do not say.
        if config.pop("backend", None) != keras.backend.backend():
            config["jit_compile"] = default_jit_compile()
        # Keras's own method skips classes that have a `compile`.
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built and optimizer_built:
            self.optimizer.build(self.trainable_variables)
        if isinstance(self.loss, losses.CrossEntropy) and isinstance(self.optimizer, optimizers.SGD):
            self.mark_fine_tuning()

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the model for serving; see `ltzoo.models.export_model`."""
        return export_model(self, filepath, format=format, verbose=verbose, **kwargs)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "recipe": self.recipe.to_dict(),
            "class_counts": self.class_counts.tolist(),
            "image_shape": list(self.image_shape),
            "class_names": list(self.class_names),
            "image_fit": self.image_fit,
            "mean": list(self.mean),
            "std": list(self.std),
            "seed": self.seed,
            "stage": self.stage,
            "trains": self.trains if isinstance(self.trains, str) else list(self.trains),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make a classifier from the output of `get_config`."""
        config = dict(config)
        config["backbone"] = keras.saving.deserialize_keras_object(
            config["backbone"], custom_objects=custom_objects
        )
        config["recipe"] = Recipe.from_dict(config["recipe"])
        return cls(**config)
