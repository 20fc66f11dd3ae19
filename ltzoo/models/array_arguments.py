"""Check the arrays that a classifier gets from Keras's own methods, before anything is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.image_arrays import check_images, is_array, warn_of_scale
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.splits import Split
from ltzoo.keras_internals import untracked
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.training.label_watch import LabelWatch

if TYPE_CHECKING:
    _Base = keras.Model
else:
    _Base = object

_SOFTMAX_FUNCTIONS = (keras.losses.sparse_categorical_crossentropy, keras.losses.categorical_crossentropy)
_NO_BATCHES = (str, bytes, list, tuple, dict, set, int, float, type(None))


class ArrayArguments(_Base):
    """Mixin for a `keras.Model` that takes raw pixels and learns classes with a softmax.

    Images follow `ltzoo.contracts.image_arrays`, labels `ltzoo.contracts.labels`. Arrays are checked once, before the
    first step, and are not copied. Labels of datasets, generators and loaders are seen in the loss only: a wrong one
    makes it NaN, and `LabelWatch` says so. Labels are not checked if the model is compiled with a loss that is no
    softmax cross-entropy, such as binary cross-entropy.
    """

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    num_classes: int
    recipe: Any

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Call Keras's own `fit` with checked arrays."""
        given = _named(super().fit, args, kwargs)
        given["x"], given["y"] = self._checked_pair(given.get("x"), given.get("y"), "x", "y")
        if isinstance(given.get("validation_data"), (tuple, list)) and len(given["validation_data"]) > 1:
            images, labels, *weights = given["validation_data"]
            given["validation_data"] = (
                *self._checked_pair(images, labels, "validation_data[0]", "validation_data[1]"),
                *weights,
            )
        given["callbacks"] = self._watched(given.get("callbacks"))
        self._say_what_trains(given.get("verbose", "auto"))
        return super().fit(**given)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `evaluate` with checked arrays."""
        if kwargs.get("_use_cached_eval_dataset"):  # `fit` evaluates what it has checked.
            return super().evaluate(*args, **kwargs)
        given = _named(super().evaluate, args, kwargs)
        given["x"], given["y"] = self._checked_pair(given.get("x"), given.get("y"), "x", "y")
        given["callbacks"] = self._watched(given.get("callbacks"))
        return super().evaluate(**given)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `predict` with checked images."""
        given = _named(super().predict, args, kwargs)
        self._check_images(given.get("x"), "x")
        return super().predict(**given)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `train_on_batch` with a checked batch."""
        given = _named(super().train_on_batch, args, kwargs)
        given["x"], given["y"] = self._checked_pair(given.get("x"), given.get("y"), "x", "y")
        return super().train_on_batch(**given)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Call Keras's own `test_on_batch` with a checked batch."""
        given = _named(super().test_on_batch, args, kwargs)
        given["x"], given["y"] = self._checked_pair(given.get("x"), given.get("y"), "x", "y")
        return super().test_on_batch(**given)

    def predict_on_batch(self, x: Any) -> Any:
        """Call Keras's own `predict_on_batch` with a checked batch."""
        check_images(x, "x", image_shape=self.image_shape, floats=True)
        return super().predict_on_batch(x)

    def _check_images(self, images, argument):
        if isinstance(images, (LongTailedDataset, Split)):
            raise ValueError(
                f"`{argument}` must be an array of images or batches for Keras; measure a split with "
                "ltzoo.metrics.evaluate(model, dataset.test), or load its images with split.load(positions). "
                f"Received: {argument}={images!r}"
            )
        if is_array(images) or isinstance(images, _NO_BATCHES):
            check_images(images, argument, image_shape=self.image_shape, floats=True)
            warn_of_scale(images, argument)

    def _checked_pair(self, images, labels, images_name, labels_name):
        self._check_images(images, images_name)
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
        return labels if isinstance(values, np.ndarray) and values.dtype.kind not in "UO" else checked

    def _learns_classes(self):
        try:
            loss = keras.losses.get(self.loss)
        except (AttributeError, TypeError, ValueError):
            return False
        if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
            return loss.get_config().get("ignore_class") is None
        softmaxes = (FunctionLoss, keras.losses.CategoricalCrossentropy)
        return isinstance(loss, softmaxes) or loss in _SOFTMAX_FUNCTIONS

    def _watched(self, callbacks):
        if isinstance(callbacks, keras.callbacks.CallbackList):
            watch: Any = LabelWatch()
            watch.set_model(self)
            callbacks.append(watch)
            return callbacks
        given = [] if callbacks is None else keras.tree.flatten(callbacks)
        ends_itself = any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in given)
        return [LabelWatch(labels_only=ends_itself), *given]

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


def _named(method: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name."""
    given = dict(inspect.signature(method).bind(*args, **kwargs).arguments)
    return {**given, **given.pop("kwargs", {})}
