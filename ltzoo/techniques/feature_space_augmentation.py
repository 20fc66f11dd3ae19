"""Fine-tuning with tail-class samples created in the feature space (FSA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.checks import Fraction, NonNegativeInt, PositiveInt, Seed
from ltzoo.heads.inputs import head_inputs, takes_map
from ltzoo.keras_internals import untracked
from ltzoo.protocols import Classifier, StageView
from ltzoo.sampling import TailGroupSampler, split_head_tail
from ltzoo.techniques import feature_space
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register
from ltzoo.variables import assign_copy

FUSIONS = ("algorithm_1", "per_location")


@register("feature_space_augmentation")
@keras.saving.register_keras_serializable(package="ltzoo")
class FeatureSpaceAugmentation(Technique):
    """Phase 2 of Feature Space Augmentation for Long-Tailed Data (Chu et al., ECCV 2020, Section 4, Algorithm 1).

    A batch has N_t images of tail classes, N_a images per tail image from the classes that it is confused with, and
    N_t (1 + N_a) head images. `ltzoo.sampling.TailGroupSampler` draws them; N_t = batch size / (2 (1 + N_a)). The
    frozen lower part of the backbone computes their feature maps f. The activation map of an image's own class,
    M = <w_y, f> scaled to 0..1 with the class vector w_y, splits each map. Locations with M > tau_s are specific to
    the class; those with M < tau_g are generic. Specific vectors of a tail image and generic vectors of a confusing
    image make a new sample of the tail class. It replaces the confusing image in the batch. The layers behind the cut
    train on the 2 N_t (1 + N_a) maps with the stage's loss.

    The confusing classes and w come from the classifier at the start of the stage. Both are kept in variables. The
    training accuracy of an epoch is measured on the real images, before augmentation.

    Deviations: for a cut before the last block, the paper does not say which activation map it uses. Here it is the
    map of the last block (from the network behind the cut in inference mode), resized as Zhou et al. (CVPR 2016)
    resize it to the image. Images are augmented and pass the lower part in every step; the paper computes their
    features once. The third-party code labels all samples of a batch with the class of its first tail image; here
    each sample has its own class.

    Args:
        num_augmented: N_a, new samples per tail image; 0 is the paper's "No Aug".
        num_confusing: N_f, confusing classes per class.
        head_share: h_r; see `ltzoo.sampling.split_head_tail`.
        threshold_specific, threshold_generic: tau_s and tau_g. The paper gives no values; 0.8 and 0.2 are from the
            third-party code.
        depth: cut of the network: "last" (behind the backbone, the paper's choice), "third", "second", the number of
            a stage or the name of a layer; see `feature_space.split_backbone`. With any cut but "last", the stage's
            `trainable` must list layers behind it.
        fusion: "algorithm_1" draws floor(gamma L) of the L vectors from the tail image and the rest from the other
            image, with replacement and with gamma uniform in (0, 1). Their places in the map are lost, which average
            pooling cannot notice. "per_location" keeps each vector in its place, as the third-party code always does.
            Section 5.4 asks for it behind earlier blocks, without a formula. None selects Algorithm 1 at depth "last"
            with a head that takes pooled features, else "per_location".
        rounding: rounding of gamma L; see `feature_space.draw_fusion`.
        rectify_map: set negative values of M to 0 first (Grad-CAM, third-party code); False is the paper's map.
        confusing_by: "rows" (paper) or "columns" (third-party code); see `feature_space.confusing_classes`.
        confusing_among: "all" other classes (Section 4.2), or only "head" classes, as the introduction says.
        tail_draws, head_draws: see `TailGroupSampler`.
        steps_per_epoch: steps per epoch; None for training images / batch size.
        seed: seed of the ratios and draws.

    Raises:
        ValueError: if an argument is out of range, the backbone has no feature map, the head does not have one weight
            vector per class, the stage has mixup or a reinitialized head, or layers before the cut would train.
    """

    def __init__(
        self,
        num_augmented: NonNegativeInt = 3,
        num_confusing: PositiveInt = 3,
        head_share: Fraction = 0.9,
        threshold_specific: Fraction = 0.8,
        threshold_generic: Fraction = 0.2,
        depth: str | int = "last",
        fusion: str | None = None,
        rounding: str = "floor",
        rectify_map: bool = False,
        confusing_by: str = "rows",
        confusing_among: str = "all",
        tail_draws: str = "classes",
        head_draws: str = "classes",
        steps_per_epoch: PositiveInt | None = None,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        for name, value, allowed in (
            ("fusion", fusion, (None, *FUSIONS)),
            ("rounding", rounding, ("floor", "ceil")),
            ("confusing_by", confusing_by, ("rows", "columns")),
            ("confusing_among", confusing_among, ("all", "head")),
        ):
            if value not in allowed:
                raise ValueError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}")
        for name, value in (
            ("threshold_specific", threshold_specific),
            ("threshold_generic", threshold_generic),
        ):
            if not 0 < value < 1:
                raise ValueError(f"`{name}` must be above 0 and below 1. Received: {name}={value}")
        if num_augmented < 0 or num_confusing < 1:
            raise ValueError(
                "`num_augmented` must be 0 or more and `num_confusing` 1 or more. "
                f"Received: num_augmented={num_augmented}, num_confusing={num_confusing}"
            )
        self.num_augmented, self.num_confusing = int(num_augmented), int(num_confusing)
        self.head_share = float(head_share)
        self.threshold_specific = float(threshold_specific)
        self.threshold_generic = float(threshold_generic)
        self.depth, self.fusion, self.rounding = depth, fusion, rounding
        self.rectify_map = bool(rectify_map)
        self.confusing_by, self.confusing_among = confusing_by, confusing_among
        self.tail_draws, self.head_draws = tail_draws, head_draws
        self.steps_per_epoch = steps_per_epoch
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def attach(self, classifier: Classifier) -> None:
        """Cut the backbone, and create the variables for the confusing classes and the weights of the map."""
        index = self.stage_index(classifier)
        stage, head = classifier.recipe.stages[index], classifier.heads[classifier.head_numbers[index]]
        feature_space.check_parts(classifier, stage, head)
        lower, upper = feature_space.split_backbone(classifier.backbone, self.depth)
        # The layers belong to the backbone.
        untracked(self, "_lower", lower)
        untracked(self, "_upper", upper)
        keeps_places = upper is not None or takes_map(head)
        self._fusion = self.fusion or ("per_location" if keeps_places else "algorithm_1")
        self.confusing = self.add_weight(
            name="confusing",
            shape=(classifier.num_classes, self.num_confusing),
            initializer="zeros",
            dtype="int32",
            trainable=False,
        )
        self.map_kernel = self.add_weight(
            name="map_kernel",
            shape=(classifier.feature_size, classifier.num_classes),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Find the confusing classes and store the classifier's weights."""
        feature_space.check_frozen(self._lower, self._upper)
        among = None
        if self.confusing_among == "head":
            among, _ = split_head_tail(context.class_counts, self.head_share)
        scores = feature_space.class_score_matrix(
            feature_space.scored_batches(classifier, context), classifier.num_classes
        )
        found = feature_space.confusing_classes(scores, self.num_confusing, self.confusing_by, among)
        self.confusing.assign(found.astype("int32"))
        assign_copy(self.map_kernel, classifier.head.kernel)

    def make_sampler(self, classifier, labels, batch_size, seed, **arguments):
        """Return a `TailGroupSampler` with the confusing classes that `begin` found."""
        arguments.pop("drop_remainder", None)
        return TailGroupSampler(
            labels,
            ops.convert_to_numpy(self.confusing.value),
            batch_size,
            seed,
            num_classes=classifier.num_classes,
            num_augmented=self.num_augmented,
            head_share=self.head_share,
            tail_draws=self.tail_draws,
            head_draws=self.head_draws,
            num_steps=self.steps_per_epoch,
            **arguments,
        )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` before augmentation; keep the maps for `loss`, which has the labels."""
        maps = self._lower(classifier.normalize_images(images, training=True), training=False)
        last = maps if self._upper is None else self._upper(maps, training=False)
        maps, last = ops.stop_gradient(maps), ops.stop_gradient(last)
        return _classify(classifier, last, training=False), (maps, last)

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the stage's loss on tail images, fused samples and head images; `logits` are not used."""
        maps, last = kept
        if len(labels.shape) > 1 and labels.shape[-1] != 1:
            raise ValueError(
                "`labels` of 'feature_space_augmentation' must have one class per image; leave out mixup and other "
                f"mixing of labels. Received: labels of shape {tuple(labels.shape)}"
            )
        group, own = 2 * (1 + self.num_augmented), 1 + self.num_augmented
        labels = ops.reshape(labels, (-1, group))
        targets = ops.concatenate([ops.repeat(labels[:, :1], own, axis=1), labels[:, own:]], axis=1)
        if self.num_augmented:
            grouped = ops.reshape(maps, (-1, group, *maps.shape[1:]))
            activation = self._activation(last, labels, maps.shape[1:3])
            fused = self._fuse(grouped[:, :own], activation)
            grouped = ops.concatenate([grouped[:, :1], fused, grouped[:, own:]], axis=1)
            maps = ops.reshape(grouped, (-1, *maps.shape[1:]))
        if self._upper is not None:
            maps = self._upper(maps, training=True)
        return classification_loss(ops.reshape(targets, (-1,)), _classify(classifier, maps, training=True))

    def _activation(self, last, labels, size):
        """Return normalized maps [N_t (1 + N_a), h, w] of tail and confusing images, each for its own class."""
        own = 1 + self.num_augmented
        last = ops.reshape(last, (-1, 2 * own, *last.shape[1:]))[:, :own]
        last = ops.reshape(last, (-1, *last.shape[2:]))
        raw = feature_space.class_activation_maps(last, self.map_kernel, ops.reshape(labels[:, :own], (-1,)))
        if tuple(raw.shape[1:]) != tuple(size):
            raw = ops.image.resize(raw[..., None], size, data_format="channels_last")[..., 0]
        return feature_space.normalize_maps(raw, self.rectify_map)

    def _fuse(self, maps, activation):
        """Fuse maps of tail and confusing images [N_t, 1 + N_a, h, w, D] into samples [N_t, N_a, h, w, D]."""
        shape, count = tuple(maps.shape[2:]), self.num_augmented
        masks = feature_space.class_masks(activation, self.threshold_specific, self.threshold_generic)
        masks = [ops.reshape(mask, (-1, 1 + count, shape[0] * shape[1])) for mask in masks]
        vectors = ops.reshape(maps, (-1, 1 + count, shape[0] * shape[1], shape[2]))
        tail = [ops.repeat(x[:, :1], count, axis=1) for x in (vectors, masks[0])]
        pairs = [ops.reshape(x, (-1, *x.shape[2:])) for x in (*tail, vectors[:, 1:], masks[1][:, 1:])]
        draws = ops.shape(pairs[1])
        ratios = keras.random.uniform(draws[:1], dtype="float32", seed=self.seed_generator)
        uniforms = keras.random.uniform(draws, dtype="float32", seed=self.seed_generator)
        if self._fusion == "per_location":
            fused = feature_space.fuse_per_location(*pairs, ratios, uniforms)
        else:
            sets = feature_space.location_sets(*pairs)
            where = feature_space.draw_fusion(*sets, ratios, uniforms, self.rounding)
            fused = feature_space.fuse_at_locations(pairs[0], pairs[2], *where)
        return ops.reshape(fused, (-1, count, *shape))

    def get_config(self):
        """Return the constructor arguments."""
        names = (
            "num_augmented",
            "num_confusing",
            "head_share",
            "threshold_specific",
            "threshold_generic",
            "depth",
            "fusion",
            "rounding",
            "rectify_map",
            "confusing_by",
            "confusing_among",
            "tail_draws",
            "head_draws",
            "steps_per_epoch",
            "seed",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _classify(classifier, maps, training):
    return classifier.head(head_inputs(classifier.head, maps), training=training)
