"""The dynamic meta-embedding of OLTR: a cosine classifier with a memory of class centroids."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few, Positive, PositiveInt, Size
from ltzoo.heads.class_means import class_means
from ltzoo.heads.cosnorm import CosNorm
from ltzoo.heads.inputs import pool
from ltzoo.heads.registry import register
from ltzoo.layers.modulated_attention import ModulatedAttention
from ltzoo.precision import float32_or_float64
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy

REACH = 10.0
_NEAREST = 1e-12  # Of a squared distance: a feature that is its own centroid is far within reach.


@register("meta_embedding")
@keras.saving.register_keras_serializable(package="ltzoo")
class MetaEmbedding(CosNorm):
    """Classify features that a memory of class centroids enriches (OLTR, Liu et al., CVPR 2019).

        x = relu(W_e pool(attention(F)) + b_e)                              without W_e: the pooled map itself
        v = softmax(W_h x + b_h) M                                          what the memory M knows, [D]
        x' = (10 / min_c |x - M_c|) (x + tanh(W_s x + b_s) * v)
        z_c = scale <x' / (1 + |x'|), w_c / |w_c|>

    `attention` is `ltzoo.layers.modulated_attention.ModulatedAttention`. When the first stage with this head begins,
    the centroids M `[C, D]` become the class means of the training images, and W_h the previous classifier where the
    shapes agree. No gradient of z reaches M: the technique "discriminative_centroids" trains it, and a stage that
    trains this head needs that technique.

    As in the released zhmiao/OpenLongTailRecognition-OLTR, models/MetaEmbeddingClassifier.py. Deviation: a feature
    that is a centroid has the distance 1e-6 there; the published code divides by 0.

    Args:
        num_classes: number of classes C.
        scale: 16, as published, if the stage has none.
        attention: put modulated attention on the map, as published.
        reduction: of the attention.
        units: size of x, with a dense layer W_e; None for the features themselves. The released configurations for
            photographs have 512.
        name: name of the layer.
        **kwargs: arguments of `ltzoo.heads.cosnorm.CosNorm`.

    Input: `[B, h, w, D]`, or `[B, D]` without attention. Output: `[B, C]`, at least float32.

    Raises:
        ValueError: an argument is out of range, or attention gets no map.
    """

    takes_feature_map = True
    memory: Any  # Variable M [C, D]; `build` creates it.

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        attention: bool = True,
        reduction: Few = 2,
        units: Size | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, name=name, **kwargs)
        self.reduction = int(reduction)
        self.units = None if units is None else int(units)
        self.attention = ModulatedAttention(self.reduction, name="attention") if attention else None
        self.embedding = None if units is None else self._dense(self.units, "embedding")
        self.query = self._dense(self.num_classes, "query")
        self.selector: Any = None

    def _dense(self, units, name):
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        return keras.layers.Dense(
            units, kernel_initializer=uniform, autocast=False, dtype=self.dtype_policy, name=name
        )

    def build(self, input_shape):
        """Create the weights."""
        features = input_shape[-1] if self.units is None else self.units
        if self.attention is not None:
            self.attention.build(input_shape)
        if self.embedding is not None:
            self.embedding.build((None, input_shape[-1]))
        self.query.build((None, features))
        self.selector = self._dense(features, "selector")
        self.selector.build((None, features))
        super().build((None, features))
        self.memory = self.add_weight(
            name="memory",
            shape=(self.num_classes, features),
            initializer="zeros",
            trainable=self.learn_kernel,
            autocast=False,
        )

    def call(self, inputs):
        """Return logits `[batch, C]`."""
        return self.classify(self.embed(inputs))

    def embed(self, inputs: Any) -> Any:
        """Return the direct features x `[B, D]` of the head's input, at least float32."""
        features = ops.cast(inputs, float32_or_float64(inputs.dtype))
        if self.attention is not None:
            features = self.attention(features)
        features = pool(features)
        return features if self.embedding is None else ops.relu(_affine(self.embedding, features))

    def classify(self, features: Any) -> Any:
        """Return logits `[B, C]` of direct features x."""
        return super().call(features)

    def logits(self, features, dtype):
        """Return the unscaled logits of direct features `[B, D]` in `dtype`."""
        return super().logits(self.enrich(features), dtype)

    def enrich(self, features: Any) -> Any:
        """Return x' `[B, D]` of direct features x."""
        memory = ops.stop_gradient(ops.cast(self.memory, features.dtype))
        squares = ops.sum(ops.square(memory), axis=1) - 2.0 * ops.matmul(features, ops.transpose(memory))
        nearest = ops.take(memory, ops.argmin(squares, axis=1), axis=0)
        distance = ops.sum(ops.square(features - nearest), axis=1, keepdims=True)
        reach = REACH * ops.rsqrt(ops.maximum(distance, _NEAREST))
        known = ops.matmul(ops.softmax(_affine(self.query, features), axis=-1), memory)
        return reach * (features + ops.tanh(_affine(self.selector, features)) * known)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Set the memory to the class means and W_h to the previous classifier, unless this head continues."""
        if previous is self:
            return
        if isinstance(previous, MetaEmbedding):
            for mine, theirs in zip(self.weights, previous.weights, strict=True):
                assign_copy(mine, theirs)
            return
        features, labels = context.features()
        if self.embedding is not None:
            kernel, bias = (ops.convert_to_numpy(weight) for weight in self.embedding.weights)
            features = np.maximum(features @ kernel + bias, 0)
        self.memory.assign(class_means(features, labels, self.num_classes))
        for name in ("kernel", "bias"):
            mine, theirs = getattr(self.query, name), getattr(previous, name, None)
            if theirs is not None and tuple(mine.shape) == tuple(theirs.shape):
                assign_copy(mine, theirs)

    def check_stage(self, recipe: Any, index: int) -> None:
        """Refuse stages that train this head without the technique that trains its memory."""
        stage = recipe.stages[index]
        name = (stage.technique or {}).get("name")
        if stage.epochs and self.learn_kernel and name != "discriminative_centroids":
            raise ValueError(
                "`technique` of a stage with the head 'meta_embedding' must be {'name': 'discriminative_centroids'}, "
                f"which trains its memory. Received: technique={stage.technique!r}"
            )

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "attention": self.attention is not None,
            "reduction": self.reduction,
            "units": self.units,
        }


def _affine(layer, features):
    """Return the output of a dense layer in the dtype of the features."""
    kernel, bias = (ops.cast(weight, features.dtype) for weight in (layer.kernel, layer.bias))
    return ops.matmul(features, kernel) + bias
