"""Class activation map calibration for tail classes (CAMC)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, Seed, Size
from ltzoo.class_counts import ClassCounts
from ltzoo.layers.calibrated_scores import activation_and_fused_maps, fold_prototypes, weighted_cosine
from ltzoo.layers.lengths import unit_length
from ltzoo.layers.normalized_dense import UnitColumns
from ltzoo.layers.prototypes import prototype_positions, tail_threshold
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class CAMCalibration(keras.layers.Layer):
    """Score feature maps, with the maps of tail classes calibrated by prototypes (CAMC, Eq. 4-8).

    A tail class c (fewer than tau training images) sees its own version of the image. Positions f that resemble its
    prototypes phi_k count up to twice as much in the average pooling:

        m_c(x, y) = sum_k (fusion_k * <f, phi_k>)(x, y) + b_c           Eq. 4 and the fusing convolution
        x_c = mean over (x, y) of (1 + sigmoid(m_c(x, y))) f(x, y)      Eq. 5
        s_c = g <x_c / |x_c|, w_c / |w_c|>                              Eq. 8

    All other classes have x_c = mean f. Neither the refined maps nor the embeddings x_c are ever built:
    `weighted_cosine` and `fold_prototypes` give the same numbers from maps [H W, T] of the T tail classes.

    Zhang, Lin, Lai, Ding and Wu, Calibrating Class Activation Maps for Long-Tailed Visual Recognition.

    Args:
        class_counts: training images per class [C].
        threshold: tau; classes with fewer images are tail classes. None: `tail_threshold(class_counts)`.
        num_prototypes: K, 5 in the paper.
        kernel_size: side of the fusing convolution, odd. The paper does not give it; 1 here.
        share_fusion: use one fusion for all tail classes instead of one per class (the paper does not say).
        fusion_bias: add a bias b to the fusion.
        scale: g, 16 in the paper. `layer.scale` is a plain number that can be set between stages.
        normalize_kernel: divide w_c by its length (Eq. 8); False is Eq. 6 times g.
        kernel_initializer: initializer of the kernel. Default: U(-1, 1) draws with every column scaled to length 1.
        kernel_regularizer: regularizer of the kernel.
        seed: seed of the default initializer.

    Input and output: [batch, H, W, D] -> [batch, C], in float32 or float64, even under mixed precision.
    Weights: `kernel` [D, C]; with T > 0 tail classes also `prototypes` [T, K, D], `fusion_kernel` [T, k, k, K] or
    [k, k, K], and `fusion_bias` [T] or [1]. All are trained. Prototypes start at 0, where every position counts the
    same; call `set_prototypes`. The fusion starts as the mean of the K maps; see `standardize_fusion`.

    Raises:
        ValueError: if `threshold` or `scale` is not above 0, `num_prototypes` is below 1, or `kernel_size` is not odd.
    """

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        threshold: Positive | None = None,
        num_prototypes: Size = 5,
        kernel_size: PositiveInt = 1,
        share_fusion: bool = False,
        fusion_bias: bool = True,
        scale: Positive = 16.0,
        normalize_kernel: bool = True,
        kernel_initializer: str | Mapping[str, Any] | Callable[..., Any] | None = None,
        kernel_regularizer: str | Mapping[str, Any] | Callable[..., Any] | None = None,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be odd: 1, 3, ... Received: kernel_size={kernel_size}")
        self.class_counts = ClassCounts(class_counts)
        self.threshold = None if threshold is None else float(threshold)
        self.num_prototypes = int(num_prototypes)
        self.kernel_size = int(kernel_size)
        self.share_fusion = bool(share_fusion)
        self.use_fusion_bias = bool(fusion_bias)
        self.scale = float(scale)
        self.normalize_kernel = bool(normalize_kernel)
        self.seed = seed
        self.kernel_initializer = keras.initializers.get(
            UnitColumns(seed) if kernel_initializer is None else kernel_initializer
        )
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        tau = tail_threshold(self.class_counts) if threshold is None else self.threshold
        is_tail = self.class_counts.array < tau
        self.tail_classes = tuple(np.flatnonzero(is_tail).tolist())
        self.other_classes = tuple(np.flatnonzero(~is_tail).tolist())
        self.kernel: keras.Variable | None = None
        self.prototypes: keras.Variable | None = None
        self.fusion_kernel: keras.Variable | None = None
        self.fusion_bias: keras.Variable | None = None

    def build(self, input_shape):
        """Create the kernel and, with tail classes, the prototypes and the fusion."""
        if len(input_shape) != 4:
            raise ValueError(
                "`inputs` must be a feature map [batch, height, width, channels]. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        size, tail = input_shape[-1], len(self.tail_classes)
        maps, side = self.num_prototypes, self.kernel_size
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, len(self.class_counts)),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            autocast=False,
        )
        if not tail:
            return
        self.prototypes = self.add_weight(
            name="prototypes", shape=(tail, maps, size), initializer="zeros", autocast=False
        )
        filters = 1 if self.share_fusion else tail
        shape = (side, side, maps) if self.share_fusion else (tail, side, side, maps)
        self.fusion_kernel = self.add_weight(
            name="fusion_kernel", shape=shape, initializer="zeros", autocast=False
        )
        self._start_fusion(np.full(filters, 1.0 / maps))
        if self.use_fusion_bias:
            self.fusion_bias = self.add_weight(
                name="fusion_bias", shape=(filters,), initializer="zeros", autocast=False
            )

    def call(self, feature_map):
        """Return scores [batch, C] of a feature map [batch, H, W, D]."""
        feature_map, directions = self._cast(feature_map)
        plain = unit_length(ops.mean(feature_map, axis=(1, 2)), axis=-1)
        if not self.tail_classes:
            return ops.matmul(plain, directions) * self.scale
        activation, fused = self._tail_maps(feature_map, directions)
        scores = weighted_cosine(feature_map, activation, 1.0 + ops.sigmoid(fused))
        if self.other_classes:
            others = ops.matmul(plain, ops.take(directions, self.other_classes, axis=1))
            place = np.argsort(self.other_classes + self.tail_classes)
            scores = ops.take(ops.concatenate([others, scores], axis=1), place, axis=1)
        return scores * self.scale

    def activation_maps(self, feature_map: Any, calibrated: bool = True) -> Any:
        """Return class activation maps [batch, H, W, C]: <f(x, y), w_c / |w_c|> (Eq. 2).

        Args:
            feature_map: f [batch, H, W, D].
            calibrated: multiply the maps of tail classes by 1 + sigmoid(m_c), as the scores do (Eq. 5).
        """
        feature_map, directions = self._cast(feature_map)
        maps = ops.matmul(feature_map, directions)
        if not (calibrated and self.tail_classes):
            return maps
        _, fused = self._tail_maps(feature_map, directions)
        others = ops.zeros((*fused.shape[:2], len(self.other_classes)), fused.dtype)
        weights = ops.concatenate([1.0 + others, 1.0 + ops.sigmoid(fused)], axis=-1)
        place = np.argsort(self.other_classes + self.tail_classes)
        return maps * ops.reshape(ops.take(weights, place, axis=-1), maps.shape)

    def class_vectors(self) -> np.ndarray:
        """Return the class vectors that score the features, float32 [D, C]: the kernel, with unit columns by Eq. 8."""
        kernel = ops.convert_to_tensor(self.kernel)
        return ops.convert_to_numpy(unit_length(kernel, axis=0) if self.normalize_kernel else kernel)

    def set_prototypes(self, features: np.ndarray, labels: np.ndarray, seed: int = 0) -> None:
        """Set the prototypes from pooled features of training images, chosen by `prototype_positions`.

        Args:
            features: pooled features of the training images [N, D].
            labels: integer classes of the images [N].
            seed: seed of the choice.
        """
        if self.tail_classes:
            assert self.prototypes is not None
            positions = prototype_positions(labels, self.tail_classes, self.num_prototypes, seed)
            self.prototypes.assign(np.asarray(features)[positions])

    def standardize_fusion(self, feature_map: Any) -> None:
        """Start the fusion as the mean of the K maps, with mean 0 and deviation 1 over the given positions.

        The paper does not say how the fusion starts. Inner products of unnormalized features (Eq. 4) reach hundreds in
        wide networks. The sigmoid of such maps is 1 everywhere, without a gradient, so the module would have no effect.
        Without a bias only the deviation is set to 1.

        Args:
            feature_map: maps of training images [N, H, W, D].
        """
        if not self.tail_classes:
            return
        positions = np.asarray(feature_map, np.float64)
        centers = np.mean(ops.convert_to_numpy(self.prototypes), axis=1, dtype=np.float64)
        maps = positions.reshape(-1, positions.shape[-1]) @ centers.T
        axis = None if self.share_fusion else 0
        mean, deviation = np.atleast_1d(maps.mean(axis)), np.atleast_1d(maps.std(axis))
        deviation = np.where(deviation > 1e-12, deviation, 1.0)
        self._start_fusion(1.0 / (self.num_prototypes * deviation))
        if self.fusion_bias is not None:
            self.fusion_bias.assign(-mean / deviation)

    def _start_fusion(self, values):
        """Set the fusion to its middle position only, with one weight per class for all K maps."""
        assert self.fusion_kernel is not None
        kernel = np.zeros(self.fusion_kernel.shape)
        middle = self.kernel_size // 2
        kernel[..., middle, middle, :] = values[0] if self.share_fusion else values[:, None]
        self.fusion_kernel.assign(kernel)

    def _cast(self, feature_map):
        """Return features and class vectors in float32 or float64."""
        if None in feature_map.shape[1:]:
            raise ValueError(
                "`feature_map` must have a known height and width; build the backbone with a fixed image size. "
                f"Received: feature_map of shape {tuple(feature_map.shape)}"
            )
        dtype = float32_or_float64(feature_map.dtype)
        directions = ops.cast(self.kernel, dtype)
        if self.normalize_kernel:
            directions = unit_length(directions, axis=0)
        return ops.cast(feature_map, dtype), directions

    def _tail_maps(self, feature_map, directions):
        dtype = feature_map.dtype
        filters = fold_prototypes(ops.cast(self.prototypes, dtype), ops.cast(self.fusion_kernel, dtype))
        bias = 0.0 if self.fusion_bias is None else ops.cast(self.fusion_bias, dtype)
        tail = ops.take(directions, self.tail_classes, axis=1)
        return activation_and_fused_maps(feature_map, tail, filters, bias)

    def compute_output_shape(self, input_shape):
        """Return (batch, C)."""
        return (input_shape[0], len(self.class_counts))

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "threshold": self.threshold,
            "num_prototypes": self.num_prototypes,
            "kernel_size": self.kernel_size,
            "share_fusion": self.share_fusion,
            "fusion_bias": self.use_fusion_bias,
            "scale": self.scale,
            "normalize_kernel": self.normalize_kernel,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
