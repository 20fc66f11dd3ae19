"""Learning from the predictions of trained classifiers: the one technique that loads models."""

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

    with the logits z of the network that trains, the logits t_k of the teachers on the same augmented images, and the
    loss L of the stage. Give it teachers that were trained for balanced accuracy: the second term is smallest at
    their logits however rare a class is among the images, so it needs no adjustment for the prior, and an image of
    a common class teaches about the rare ones that it looks like (He et al., "Distilling Virtual Examples for
    Long-tailed Recognition", ICCV 2021).

    The teachers are loaded when training starts or resumes. They are not part of the classifier and are never saved
    or exported with it. Under mixed precision they run in mixed precision as well. They see an image once; the
    average over mirror images and shifts that the conversion "flip_average" makes is for prediction.

    Args:
        teachers: what `ltzoo.models.load` takes, a name or path or several: entries of the zoo, `.keras` files or
            folders of `ltzoo train`. They have the classes of the classifier, in its order, and take its images.
        weight: between 0 and 1.
        temperature: T, above 0.
        ask: "all" teachers about every image; or "one", the k-th about every K-th image of a batch from number k on:
            p_i = softmax(t_ki / T). The mean of the gradients is the same, as the loss is linear in p but for a
            constant, and K teachers cost no more than one. In a batch of fewer than K images, as the last one of an
            epoch may be, images are asked about again until each teacher has one.

    Raises:
        ValueError: no teacher or an argument out of range; when training begins, a teacher with other classes or for
            other images.

    Of Hinton's two ways to average an ensemble, the arithmetic and the geometric mean, this is the first.
    """

    def __init__(
        self,
        teachers: str | Sequence[str],
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
        self._teachers = None

    def attach(self, classifier: Classifier) -> None:
        """Remember whose teachers these are."""
        self._teachers = _Teachers(classifier)

    def load_files(self) -> None:
        """Load the teachers, once."""
        self._teachers.load(self.teachers)

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits of the classifier; keep the teachers' mean prediction."""
        images = classifier.augment(images, training=True)
        answers = ops.stop_gradient(self._answers(images))
        return classifier.classify_augmented(images, training=True), answers

    def _answers(self, images):
        """p `[batch, C]` of raw pixels, in float32; of one teacher after the other where each has its share."""
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
        # An empty share would do, but not for TensorFlow's convolutions on a CPU (oneDNN).
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
        """See the class."""
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
    """The loaded teachers; no Keras object, so that nothing tracks them or saves them with the classifier."""

    def __init__(self, classifier):
        self.classifier, self.models, self.names = classifier, (), []

    def load(self, names):
        self.names = names
        if not self.models:
            self.models = tuple(self._load(name) for name in names)

    def _load(self, name):
        try:
            teacher, own = load(name), self.classifier
        except NoWeightsError as error:
            raise NoWeightsError(
                f"The teacher {name} has no weights. Train it (`ltzoo train {name} --data-dir FOLDER --out DIR`) and "
                "name the run folder DIR in its place in `teachers` of the stages' technique. "
                f"Received: teachers={self.names}"
            ) from error
        if teacher.class_names != own.class_names or teacher.image_shape != own.image_shape:
            raise ValueError(
                "`teachers` must have the classes of the classifier, in the same order, and take images of its shape; "
                f"train them on the same data. Received: {name!r} for {_described(teacher)}; the classifier is for "
                f"{_described(own)}"
            )
        policy = own.dtype_policy.name
        if policy.startswith("mixed"):
            teacher = mixed_layer(teacher, policy)
        for layer in layers_of(teacher):
            if isinstance(layer, FlipAverage):
                layer.averages = False
        return teacher


def _described(model):
    names = ", ".join(model.class_names[:4]) + (", ..." if model.num_classes > 4 else "")
    return f"{model.num_classes} classes ({names}) and images of shape {model.image_shape}"
