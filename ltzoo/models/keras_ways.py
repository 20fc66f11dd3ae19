"""What Keras users expect of any model: shapes, a feature extractor, and predictions for images as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt
from ltzoo.data.pixel_sources import image_list
from ltzoo.data.pixels import UnreadableImageError
from ltzoo.models.predict_images import Prediction, most_probable, needs_features, stream_outputs
from ltzoo.posthoc.classifiers import decisions_of_classifier

if TYPE_CHECKING:
    _Base = keras.Model
else:
    _Base = object


class KerasWays(_Base):
    """Mixin for a classifier that is a subclassed `keras.Model`, and so lacks what functional models have."""

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    num_classes: int
    backbone: keras.Model
    mean: Any
    std: Any

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch of images, `(None, height, width, channels)`."""
        return (None, *self.image_shape)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the logits of a batch, `(None, num_classes)`."""
        return (None, self.num_classes)

    @checked
    def feature_extractor(self, pooled: bool = True) -> keras.Model:
        """Return a functional model from raw pixels 0..255 to features, in inference mode.

        It shares the weights of the backbone, so training either changes both. Its layers can be chosen by
        `get_layer`, and it can be saved without the head.

        Args:
            pooled: return features `[batch, D]`, the mean over the positions; False returns the backbone's output,
                mostly a map `[batch, h, w, D]`.
        """
        images = keras.Input(self.image_shape, name="images", dtype="float32")
        mean, std = np.asarray(self.mean, "float64"), np.asarray(self.std, "float64")
        normalize = keras.layers.Rescaling(
            (1 / (255 * std)).tolist(), (-mean / std).tolist(), dtype="float32", name="normalize"
        )
        features = self.backbone(normalize(images), training=False)
        if pooled and len(features.shape) == 4:
            features = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pool")(features)
        return keras.Model(images, features, name=f"{self.name}_features")

    @checked
    def predict_images(
        self,
        images: Any,
        top_k: PositiveInt = 5,
        batch_size: PositiveInt = 64,
        workers: PositiveInt | None = None,
        skip_unreadable: bool = False,
    ) -> list[Prediction]:
        """Return the most probable classes of images of any size, with their probabilities.

        Images are decoded, scaled and cropped as in training; see `docs/pixels.md`. Where the model stores prediction
        sets or a threshold for "unknown" (`ltzoo.posthoc.with_decisions`), the predictions hold what these decide.

        Args:
            images: one image or a list: paths of images or of folders, which are searched recursively, encoded bytes,
                PIL images, arrays `[height, width, channels]` or `[height, width]` of pixels 0..255; or one array
                `[N, height, width, channels]`.
            top_k: classes per image, at most `num_classes`.
            batch_size: images per step.
            workers: threads that decode; default: one per core.
            skip_unreadable: return a `Prediction` with an `error` for an unreadable image, instead of raising.

        Returns:
            one `Prediction` per image, in their order: `.name`, `.names`, `.probabilities`, and `.prediction_set` and
            `.unknown` where the model decides these.

        Raises:
            TypeError: an entry is no image.
            ValueError: there is no image, or an argument is out of range.
            UnreadableImageError: an image cannot be read and `skip_unreadable` is False.

        Example:
            >>> for prediction in model.predict_images(["cat.jpg", "dog.png"], top_k=3):
            ...     print(prediction.name, prediction.probabilities[0])
        """
        entries = image_list(images)
        decisions, found = decisions_of_classifier(self), []
        for outputs in stream_outputs(
            self,
            entries,
            batch_size=min(batch_size, len(entries)),
            workers=workers,
            features=needs_features(decisions),
        ):
            if outputs.error is not None and not skip_unreadable:
                raise UnreadableImageError(outputs.source, outputs.error)
            found.append(most_probable(outputs, self.class_names, top_k, decisions))
        return found
