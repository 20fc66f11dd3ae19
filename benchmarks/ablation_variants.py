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
WHITENED = {"technique": {"name": "whitened_patches"}, "trainable": ["stage*"]}
FULL_NAME, PLAIN_NAME = "fast", "cross-entropy"
VARIANTS = {
    FULL_NAME: {},
    PLAIN_NAME: PLAIN,
    "alone: logit adjustment": {**PLAIN, "loss": ADJUSTED},
    "alone: label smoothing": {**PLAIN, "loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
    "alone: whitened patches": {**PLAIN, **WHITENED},
    "without logit adjustment": {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
    "without label smoothing": {"loss": ADJUSTED},
    "without whitened patches": {"technique": None, "trainable": "all"},
    "without the mirror image": {"conversions": []},
    "instead: GCL": {
        "loss": {"name": "gaussian_clouded_logit"},
        "head": {"name": "normalized_dense"},
        "scale": 30.0,
        "cloud": {"noise_multiplier": 0.5},
    },
    "instead: class-balanced sampling": {
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "sampler": {"strategy": "class_balanced"},
    },
    "with NBN": {"conversions": [{"name": "nbn", "placement": "paper"}, FLIPS]},
    "with mixup": {"mixup_alpha": 0.2},
    "with CutMix": {"augmentation": [CROPS, {"name": "cutmix", "probability": 0.5}]},
    "with Cutout": {"augmentation": [CROPS, {"name": "cutout", "size": 8}]},
    "with AutoAugment": {"augmentation": [CROPS, {"name": "auto_augment"}]},
}


def overrides(variant):
    """The column `overrides` of a variant's rows."""
    return json.dumps({"epochs": [EPOCHS], **VARIANTS[variant]})


def by_variant(rows):
    """{variant: its rows}, in the order above, of those that were run."""
    texts = {overrides(variant): variant for variant in VARIANTS}
    found = {variant: [] for variant in VARIANTS}
    for row in rows:
        found[texts[row["overrides"]]].append(row)
    return {variant: mine for variant, mine in found.items() if mine}


def reference(variant):
    """What a variant is compared with."""
    return PLAIN_NAME if variant.startswith("alone") else FULL_NAME
