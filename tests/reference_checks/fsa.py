"""Feature-space augmentation: maps, masks, confusing classes, both forms of fusion (FSA, Eq. 1-3, Algorithm 1)."""

import numpy as np
from keras import ops

from ltzoo.techniques import feature_space
from tests.reference_checks.check import Check


def _maps(case, dtype):
    features = ops.convert_to_tensor(case["features"].transpose(0, 2, 3, 1), dtype)
    raw = feature_space.class_activation_maps(
        features, ops.convert_to_tensor(case["W"].T, dtype), case["labels"]
    )
    return raw, feature_space.normalize_maps(raw), feature_space.normalize_maps(raw, rectify=True)


def activation_maps(case, dtype):
    raw, linear, rectified = _maps(case, dtype)
    found = {"cam_linear_raw": raw, "cam_linear_01": linear, "cam_gradcam_relu_01": rectified}
    for name, maps in (("linear", linear), ("gradcam", rectified)):
        thresholds = float(case["threshold_specific"]), float(case["threshold_generic"])
        specific, generic = feature_space.class_masks(maps, *thresholds)
        found |= {f"mask_specific_{name}": specific, f"mask_generic_{name}": generic}
    return found


def classes(case, dtype):
    halves = np.array_split(np.arange(len(case["labels"])), 2)
    batches = [(case["logits"][half].astype(dtype), case["labels"][half]) for half in halves]
    scores = feature_space.class_score_matrix(batches, len(case["W"]))
    number = int(case["num_confusing"])
    return {
        "class_score_matrix": scores,
        "confusing_by_rows_paper": feature_space.confusing_classes(scores, number),
        "confusing_by_columns_code": feature_space.confusing_classes(scores, number, "columns"),
    }


def _pairs(case, dtype, form, source):
    """Vectors and masks of the tail image and of the confusing images, as `[M, L, D]` and `[M, L]`."""
    vectors = case["features"].reshape(*case["features"].shape[:2], -1).transpose(0, 2, 1)
    tail, other = np.full(len(case[source]), case["tail_sample"]), case[source]
    masks = [case[f"mask_{kind}_{form}"].reshape(len(vectors), -1) for kind in ("specific", "generic")]
    found = vectors[tail], masks[0][tail], vectors[other], masks[1][other]
    return [ops.convert_to_tensor(x, "bool" if x.dtype == bool else dtype) for x in found]


def published_fusion(case, dtype):
    pairs = _pairs(case, dtype, "gradcam", "code_confusing_sample")
    count, channels, height, width = case["code_fused"].shape
    ratios, uniforms = case["code_ratio"], case["code_uniform"].reshape(count, -1)
    fused = feature_space.fuse_per_location(
        *pairs, ops.convert_to_tensor(ratios, dtype), ops.convert_to_tensor(uniforms, dtype)
    )
    fused = ops.convert_to_numpy(fused).reshape(count, height, width, channels)
    return {"code_fused": fused.transpose(0, 3, 1, 2)}


def algorithm_1(case, dtype):
    pairs = _pairs(case, dtype, "linear", "paper_confusing_sample")
    specific, generic = feature_space.location_sets(*pairs)
    recorded = [case["paper_specific_location"], case["paper_generic_location"]]
    expected = np.concatenate(recorded, axis=1)
    # Uniform numbers that draw the recorded locations: the middle of each one's share of [0, 1).
    uniforms = np.concatenate(list(map(_uniforms, (specific, generic), recorded)), axis=1)
    uniforms = uniforms[uniforms >= 0].reshape(specific.shape)
    locations, from_specific = feature_space.draw_fusion(
        specific,
        generic,
        ops.convert_to_tensor(case["paper_ratio"], dtype),
        ops.convert_to_tensor(uniforms, dtype),
    )
    fused = feature_space.fuse_at_locations(pairs[0], pairs[2], locations, from_specific)
    return {
        "locations": (locations, expected[expected >= 0].reshape(specific.shape)),
        "from_specific": (ops.sum(ops.cast(from_specific, "int32"), axis=-1), (recorded[0] >= 0).sum(axis=1)),
        "paper_augmented": ops.transpose(fused, (0, 2, 1)),
        "paper_augmented_pooled": ops.sum(fused, axis=1) / fused.shape[1],
    }


def _uniforms(members, locations):
    members = ops.convert_to_numpy(members)
    rank = np.take_along_axis(np.cumsum(members, axis=1) - 1, locations, axis=1)
    return np.where(locations >= 0, (rank + 0.5) / members.sum(axis=1, keepdims=True), -1.0)


CHECKS = [
    Check(
        "fsa_*",
        activation_maps,
        (
            *("cam_linear_raw", "cam_linear_01", "cam_gradcam_relu_01"),
            *("mask_specific_linear", "mask_generic_linear", "mask_specific_gradcam", "mask_generic_gradcam"),
        ),
        name="maps",
    ),
    Check(
        "fsa_*",
        classes,
        ("class_score_matrix", "confusing_by_rows_paper", "confusing_by_columns_code"),
        name="classes",
    ),
    Check("fsa_*", published_fusion, ("code_fused",), name="published_fusion"),
    Check(
        "fsa_*",
        algorithm_1,
        ("locations", "from_specific", "paper_augmented", "paper_augmented_pooled"),
        name="algorithm_1",
    ),
]
