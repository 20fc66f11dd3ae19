"""The ablation of the recipe `fast`: what is run, and which variant a row of its CSV belongs to."""

import json

BACKBONE = {"name": "fastnet", "widths": [32, 64, 128]}
EPOCHS = 12

FLIPS = {"name": "flip_average"}
CROPS = {"name": "pad_crop_flip", "padding": 4, "mode": "reflect", "flip": True}
PLAIN = {
    "loss": {"name": "cross_entropy"},
    "technique": None,
    "trainable": "all",
    "conversions": [],
}
ADJUSTED = {"name": "logit_adjustment"}
SMOOTHED = {"loss": {"name": "logit_adjustment", "label_smoothing": 0.1, "smooth_toward": "prior"}}
EVENLY = {"loss": {"name": "logit_adjustment", "label_smoothing": 0.1}}
ONLY_SMOOTHED = {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}}
WHITENED = {"technique": {"name": "whitened_patches"}, "trainable": ["stage*"]}

FULL, PLAINEST = "fast", "cross-entropy"
VARIANTS = {  # by what they are compared with
    PLAINEST: {
        PLAINEST: PLAIN,
        "alone: logit adjustment": {**PLAIN, "loss": ADJUSTED},
        "alone: label smoothing": {**PLAIN, **ONLY_SMOOTHED},
        "alone: whitened patches": {**PLAIN, **WHITENED},
    },
    FULL: {
        FULL: SMOOTHED,
        "without logit adjustment": ONLY_SMOOTHED,
        "without label smoothing": {"loss": ADJUSTED},
        "without whitened patches": {**SMOOTHED, "technique": None, "trainable": "all"},
        "without the mirror image": {**SMOOTHED, "conversions": []},
        "instead: even label smoothing": EVENLY,
        "instead: class-balanced sampling": {**ONLY_SMOOTHED, "sampler": {"strategy": "class_balanced"}},
        "instead: GCL": {
            "loss": {"name": "gaussian_clouded_logit"},
            "head": {"name": "normalized_dense"},
            "scale": 30.0,
            "cloud": {"noise_multiplier": 0.5},
        },
        "with NBN": {**SMOOTHED, "conversions": [{"name": "nbn", "placement": "paper"}, FLIPS]},
        "with mixup": {**SMOOTHED, "mixup_alpha": 0.2},
        "with CutMix": {**SMOOTHED, "augmentation": [CROPS, {"name": "cutmix", "probability": 0.5}]},
        "with Cutout": {**SMOOTHED, "augmentation": [CROPS, {"name": "cutout", "size": 8}]},
        "with AutoAugment": {**SMOOTHED, "augmentation": [CROPS, {"name": "auto_augment"}]},
    },
}
NAMES = [variant for group in VARIANTS.values() for variant in group]


def reference(variant):
    """What a variant is compared with."""
    return next(name for name, group in VARIANTS.items() if variant in group)


def overrides(variant):
    """The column `overrides` of a variant's rows."""
    return json.dumps({"epochs": [EPOCHS], **VARIANTS[reference(variant)][variant]})


def by_variant(rows):
    """{variant: its rows}, in the order above, of those that were run."""
    texts = {overrides(variant): variant for variant in NAMES}
    found = {variant: [] for variant in NAMES}
    for row in rows:
        found[texts[row["overrides"]]].append(row)
    return {variant: mine for variant, mine in found.items() if mine}
