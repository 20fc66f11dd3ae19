"""Learn from the predictions of trained classifiers: the one technique that loads models."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.keras_internals import layers_of
from ltzoo.layers.flip_average import FlipAverage
from ltzoo.models.layer_precision import mixed_layer
from ltzoo.models.load import load
from ltzoo.models.weights_errors import NoWeightsError
from ltzoo.protocols import Classifier
from ltzoo.techniques import Technique, register


@register("distillation")
@keras.saving.register_keras_serializable(package="ltzoo")
class Distillation(Technique):
    """Knowledge distillation (Hinton, Vinyals and Dean, 2015).

    A network learns from other networks' predictions on its images.

        p_i  = mean over teachers k of softmax(t_ki / T)            [C]
        loss = (1 - weight) L(y, z) + weight T^2 mean_i sum_c p_ic (log p_ic - log softmax(z_i / T)_c)

    for image i and class c of C, with the logits z of the network in training, the logits t_k of teacher k on the same
    augmented images, the labels y, and the loss L of the stage. Choose teachers that were trained for balanced
    accuracy. Their logits minimize the second term however rare a class is, so it needs no adjustment for the prior.
    An image of a common class also teaches about the rare classes that it resembles (He et al., "Distilling Virtual
    Examples for Long-tailed Recognition", ICCV 2021).

    The teachers are loaded when training starts or resumes. They are not part of the classifier and are never saved
    or exported with it. Under mixed precision they run in mixed precision as well. They see each image once: the
    average over mirror images and shifts by the conversion "flip_average" is for prediction only.

    Hinton et al. average an ensemble by the arithmetic or the geometric mean; this is the arithmetic mean.

    Args:
        teachers: one or more names or paths that `ltzoo.models.load` takes: zoo entries, `.keras` files or run folders.
            They must have the classes of the classifier, in the same order, and take its images.
        weight: weight of the teachers' term, between 0 and 1.
        temperature: T, above 0.
        ask: "all" shows every image to all teachers. "one" shows each image to one of the K teachers: teacher k gets
            every K-th image of a batch, from number k, and p_i = softmax(t_ki / T). The mean gradient is the same,
            because the loss is linear in p up to a constant, and K teachers cost no more than one. A batch of fewer
            than K images repeats them until each teacher has one.

    Raises:
        ValueError: there is no teacher, or an argument is out of range; when training starts, a teacher has other
            classes or takes other images.
    """

    def __init__(
        self,
        teachers: str | os.PathLike | Sequence[Any],
        weight: float = 0.8,
        temperature: float = 2.0,
        ask: str = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.teachers = [teachers] if isinstance(teachers, (str, os.PathLike)) else list(teachers)
        if not self.teachers or not all(isinstance(name, (str, os.PathLike)) for name in self.teachers):
            raise ValueError(
                "`teachers` must be one or more names or paths that `ltzoo.models.load` takes; save a model that you "
                f"have in memory first. Received: teachers={teachers!r}"
            )
        self.teachers = [os.fspath(name) for name in self.teachers]
        if not 0 <= weight <= 1:
            raise ValueError(f"`weight` must be between 0 and 1. Received: weight={weight}")
        if not temperature > 0:
            raise ValueError(f"`temperature` must be above 0. Received: temperature={temperature}")
        if ask not in ("all", "one"):
            raise ValueError(f"`ask` must be 'all' or 'one'. Received: ask={ask!r}")
        self.weight = float(weight)
        self.temperature = float(temperature)
        self.ask = ask
        self._teachers: _Teachers | None = None

    def attach(self, classifier: Classifier) -> None:
        """Note what the teachers must match: classes, images and precision."""
        self._teachers = _Teachers(
            classifier.class_names, classifier.image_shape, classifier.dtype_policy.name
        )

    def load_files(self) -> None:
        """Load the teachers, once."""
        assert self._teachers is not None
        self._teachers.load(self.teachers)

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits of the classifier; keep the teachers' mean prediction p `[batch, C]`."""
        images = classifier.augment(images, training=True)
        answers = ops.stop_gradient(self._answers(images))
        return classifier.classify_augmented(images, training=True), answers

    def _answers(self, images):
        """Compute p `[batch, C]` of raw pixels in float32; if each teacher has a share, one share after the other."""
        assert self._teachers is not None
        models = self._teachers.models
        asked = [images] * len(models) if self.ask == "all" else self._shares(images)
        answers = [model.classify(part, training=False) for model, part in zip(models, asked, strict=True)]
        answers = [ops.softmax(ops.cast(logits, "float32") / self.temperature) for logits in answers]
        if self.ask == "one":
            return ops.concatenate(answers, axis=0)
        return sum(answers[1:], answers[0]) / len(answers)

    def _shares(self, values):
        count = len(self.teachers)
        size = ops.shape(values)[0]
        # TensorFlow's convolutions on a CPU (oneDNN) fail on an empty share.
        if not isinstance(size, int):
            values = ops.take(values, ops.arange(ops.maximum(size, count)) % size, axis=0)
        elif size < count:
            values = ops.take(values, np.arange(count) % size, axis=0)
        return [values[number::count] for number in range(count)]

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute `loss` of the class docstring from `kept`, the teachers' mean prediction."""
        answered = logits if self.ask == "all" else ops.concatenate(self._shares(logits), axis=0)
        found = ops.log_softmax(ops.cast(answered, "float32") / self.temperature)
        wanted = ops.log(ops.maximum(kept, keras.config.epsilon()))
        divergence = ops.mean(ops.sum(kept * (wanted - found), axis=-1)) * self.temperature**2
        if self.weight == 1:
            return divergence
        loss = classification_loss(labels, logits)
        return (1 - self.weight) * loss + ops.cast(self.weight * divergence, loss.dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "teachers": self.teachers,
            "weight": self.weight,
            "temperature": self.temperature,
            "ask": self.ask,
        }


class _Teachers:
    """The loaded teachers. Not a Keras object, so nothing tracks them or saves them with the classifier."""

    def __init__(self, class_names, image_shape, precision):
        self.class_names, self.image_shape, self.precision = class_names, image_shape, precision
        self.models, self.names = (), []

    def load(self, names):
        self.names = names
        if not self.models:
            self.models = tuple(self._load(name) for name in names)

    def _load(self, name):
        try:
            teacher = load(name)
        except NoWeightsError as error:
            raise NoWeightsError(
                f"The teacher {name} has no weights. Train it (`ltzoo train {name} --data-dir FOLDER --out DIR`) and "
                "put the run folder DIR in its place in `teachers` of the recipe's technique. "
                f"Received: teachers={self.names}"
            ) from error
        if (teacher.class_names, teacher.image_shape) != (self.class_names, self.image_shape):
            raise ValueError(
                "`teachers` must have the classes of the classifier, in the same order, and take images of its shape; "
                f"train them on the same data. The classifier has {_described(self)}. "
                f"Received: teacher {name!r} with {_described(teacher)}"
            )
        if self.precision.startswith("mixed"):
            teacher = mixed_layer(teacher, self.precision)
        for layer in layers_of(teacher):
            if isinstance(layer, FlipAverage):
                layer.averages = False
        return teacher


def _described(found):
    names = ", ".join(found.class_names[:4]) + (", ..." if len(found.class_names) > 4 else "")
    return f"{len(found.class_names)} classes ({names}) and images of shape {found.image_shape}"
