"""Check the arrays that a classifier gets from Keras's own methods, before anything is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.image_arrays import check_images, is_array, warn_of_scale
from ltzoo.contracts.label_tensors import label_indices, nan_without_label
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.splits import Split
from ltzoo.keras_internals import untracked
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.models.first_batch import looking_at_first_batch
from ltzoo.models.fit_arguments import check_class_weight, checked_sample_weight, use_numbers
from ltzoo.torch_kernels import settle_kernels
from ltzoo.training.alarms import array_alarms, warn
from ltzoo.training.label_watch import LabelWatch

if TYPE_CHECKING:
    _Base = keras.Model
else:
    _Base = object

_SOFTMAX_LOSSES = (
    FunctionLoss,
    keras.losses.CategoricalCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
)
_SOFTMAX_FUNCTIONS = (
    keras.losses.sparse_categorical_crossentropy,
    keras.losses.categorical_crossentropy,
    keras.losses.categorical_focal_crossentropy,
)
_NO_BATCHES = (str, bytes, list, tuple, dict, set, int, float, type(None))


class ArrayArguments(_Base):
    """Mixin for a `keras.Model` that takes raw pixels and learns classes with a softmax.

    Images follow `ltzoo.contracts.image_arrays`, labels `ltzoo.contracts.labels`. Arrays are checked once, before the
    first step, and are not copied. Of datasets, generators and loaders the pixels of the first batch are looked at.
    Their labels are seen in the loss only: a wrong one makes it NaN, and `LabelWatch` says so. Labels are not checked
    if the model is compiled with a loss that is no softmax cross-entropy, such as binary cross-entropy.
    """

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    num_classes: int
    recipe: Any

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Call Keras's own `fit` with checked arrays."""
        given = self._checked_call(super().fit, args, kwargs)
        given["validation_data"] = self._checked_validation(given.get("validation_data"))
        given["callbacks"] = self._watched(given.get("callbacks"))
        self._say_what_trains(given.get("verbose", "auto"))
        history = super().fit(**given)
        labels = given["y"] if self._learns_classes() else None
        classifier: Any = self
        warn(array_alarms(classifier, given["x"], labels, history.history))
        return history

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Call Keras's own `compile`; for a loss of other labels, drop the library's accuracy.

        Keras keeps the metrics of the compilation before, if `metrics` is None.
        """
        given = _named(super().compile, args, kwargs)
        named = given.get("metrics") is not None or given.get("weighted_metrics") is not None
        own = getattr(self, "_has_own_metrics", False) and not named
        if own and given.get("loss") is not None and not _learns_classes(given["loss"]):
            own, given["metrics"] = False, []
        super().compile(**given)
        settle_kernels(self)
        untracked(self, "_has_own_metrics", own)

    def compute_loss(self, x=None, y: Any = None, y_pred=None, sample_weight=None, training=True):
        """Compute the compiled loss; NaN where a softmax cross-entropy of Keras gets what is no label."""
        if y_pred is None or isinstance(self.loss, FunctionLoss) or not self._learns_classes():
            return super().compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
            )
        wrong = ops.sum(nan_without_label(y, self.num_classes))
        if len(y.shape) == 1 or y.shape[1] == 1:  # Some backends fail in foreign words.
            y = ops.reshape(label_indices(y, self.num_classes)[0], ops.shape(y))
        loss = super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        return loss + ops.cast(wrong, loss.dtype)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `evaluate` with checked arrays."""
        if kwargs.get("_use_cached_eval_dataset"):  # `fit` evaluates what it has checked.
            return super().evaluate(*args, **kwargs)
        given = self._checked_call(super().evaluate, args, kwargs)
        given["callbacks"] = self._watched(given.get("callbacks"))
        return super().evaluate(**given)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `predict` with checked images."""
        given = _named(super().predict, args, kwargs)
        use_numbers(given)
        given["x"] = self._checked_images(given.get("x"), "x")
        return super().predict(**given)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `train_on_batch` with a checked batch."""
        given = self._checked_call(super().train_on_batch, args, kwargs)
        return super().train_on_batch(**given)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `test_on_batch` with a checked batch."""
        given = self._checked_call(super().test_on_batch, args, kwargs)
        return super().test_on_batch(**given)

    def predict_on_batch(self, x: Any) -> Any:
        """Call Keras's own `predict_on_batch` with a checked batch."""
        check_images(x, "x", image_shape=self.image_shape, floats=True)
        warn_of_scale(x, "x")
        return super().predict_on_batch(x)

    def _checked_call(self, method, args, kwargs):
        """Return the arguments of a call by name, with images, labels and weights checked."""
        given = _named(method, args, kwargs)
        use_numbers(given)
        check_class_weight(given.get("class_weight"), self.num_classes)
        given["x"], given["y"] = self._checked_pair(given.get("x"), given.get("y"), "x", "y")
        if is_array(given["x"]):
            given["sample_weight"] = checked_sample_weight(given.get("sample_weight"), given["x"])
        return given

    def _checked_validation(self, data):
        if isinstance(data, (tuple, list)) and len(data) in (2, 3):
            images, labels, *weights = data
            pair = self._checked_pair(images, labels, "validation_data[0]", "validation_data[1]")
            if is_array(images):
                weights = [checked_sample_weight(weight, images, "validation_data[2]") for weight in weights]
            return *pair, *weights
        if isinstance(data, (tuple, list, LongTailedDataset, Split)) or is_array(data):
            raise ValueError(
                "`validation_data` must be (images, labels), (images, labels, sample_weight) or batches for Keras; "
                "load the images of a split with split.load(positions). "
                f"Received: validation_data of type {type(data).__name__}"
            )
        return looking_at_first_batch(data, "validation_data")

    def _checked_images(self, images, argument):
        if isinstance(images, (LongTailedDataset, Split)):
            raise ValueError(
                f"`{argument}` must be an array of images or batches for Keras; measure a split with "
                "ltzoo.metrics.evaluate(model, dataset.test), or load its images with split.load(positions). "
                f"Received: {argument}={images!r}"
            )
        if is_array(images) or isinstance(images, _NO_BATCHES):
            check_images(images, argument, image_shape=self.image_shape, floats=True)
            warn_of_scale(images, argument)
            return images
        return looking_at_first_batch(images, argument)

    def _checked_pair(self, images, labels, images_name, labels_name):
        images = self._checked_images(images, images_name)
        if not is_array(images):
            return images, labels
        if labels is None or self._learns_classes():
            labels = self._checked_labels(labels, labels_name)
        check_same_length(images, labels, images_name, labels_name)
        return images, labels

    def _checked_labels(self, labels, argument):
        """Return labels as they are if Keras can take them, else as class indices."""
        values = host_array(labels) if is_array(labels) else labels
        if values is None and labels is not None:
            return labels  # A tensor on an accelerator; the loss checks it.
        checked = check_labels(values, self.num_classes, argument, class_names=self.class_names, soft=True)
        # PyTorch has no uint64.
        as_given = (
            isinstance(values, np.ndarray) and values.dtype.kind not in "UO" and values.dtype != np.uint64
        )
        return labels if as_given else checked

    def _learns_classes(self):
        return _learns_classes(self.loss)

    def _watched(self, callbacks):
        if isinstance(callbacks, keras.callbacks.CallbackList):
            if not any(isinstance(callback, LabelWatch) for callback in callbacks.callbacks):
                watch: Any = LabelWatch(labels_only=_ends_itself(callbacks.callbacks))
                watch.set_model(self)
                callbacks.callbacks.insert(0, watch)
            return callbacks
        given = [] if callbacks is None else keras.tree.flatten(callbacks)
        return [LabelWatch(labels_only=_ends_itself(given)), *given]

    def _say_what_trains(self, verbose):
        if verbose == 0 or not self.trains_plainly or getattr(self, "_said_what_trains", False):
            return
        untracked(self, "_said_what_trains", True)
        print(
            "This `fit` trains with plain cross-entropy, not by the recipe "
            f"{self.recipe.name!r}. To train by the recipe, use fit(dataset) with "
            "dataset = ltzoo.data.from_arrays(x, y)."
        )

    @property
    def trains_plainly(self) -> bool:
        """Whether the library compiled the model for fine-tuning, and nobody has compiled it since."""
        own = getattr(self, "_fine_tuning_loss", None)
        return own is not None and self.loss is own

    def mark_fine_tuning(self) -> None:
        """Remember that the current compilation is the library's own."""
        untracked(self, "_fine_tuning_loss", self.loss)
        untracked(self, "_has_own_metrics", True)


def _learns_classes(loss):
    try:
        loss = keras.losses.get(loss)
    except (AttributeError, TypeError, ValueError):
        return False
    if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return loss.get_config().get("ignore_class") is None
    return isinstance(loss, _SOFTMAX_LOSSES) or loss in _SOFTMAX_FUNCTIONS


def _ends_itself(callbacks):
    return any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in callbacks)


def _named(method: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name."""
    given = dict(inspect.signature(method).bind(*args, **kwargs).arguments)
    return {**given, **given.pop("kwargs", {})}
