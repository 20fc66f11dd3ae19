"""The variants of the recipe `fast` for `benchmarks/ablation.py`."""

from ltzoo.recipes.fast import fast

STAGE = fast().stages[0]
FLIPS = {"name": "flip_average"}
(CROPS,) = STAGE.augmentation
SGD = {"name": "sgd", "momentum": 0.9, "nesterov": True, "l2": 5e-4}
COMMON = {}
PLAIN = {
    "loss": {"name": "cross_entropy"},
    "technique": None,
    "trainable": "all",
    "conversions": [],
    "optimizer": SGD,
}
ADJUSTED = {"loss": {"name": "logit_adjustment"}}
EVENLY = {"loss": {"name": "logit_adjustment", "label_smoothing": 0.1}}
ONLY_SMOOTHED = {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}}
WHITENED = {"technique": {"name": "whitened_patches"}, "trainable": ["stage*"]}
ORTHOGONAL = {"optimizer": STAGE.optimizer}

VARIANTS = {  # by what they are compared with
    "cross-entropy": {
        "cross-entropy": PLAIN,
        "alone: logit adjustment": {**PLAIN, **ADJUSTED},
        "alone: label smoothing": {**PLAIN, **ONLY_SMOOTHED},
        "alone: whitened patches": {**PLAIN, **WHITENED},
        "alone: orthogonal steps": {**PLAIN, **ORTHOGONAL},
        "alone: the mirror image": {**PLAIN, "conversions": [FLIPS]},
    },
    "fast": {
        "fast": {},
        "without logit adjustment": ONLY_SMOOTHED,
        "without label smoothing": ADJUSTED,
        "without whitened patches": {"technique": None, "trainable": "all"},
        "without orthogonal steps": {"optimizer": SGD},
        "without the mirror image": {"conversions": []},
        "instead: even label smoothing": EVENLY,
        "instead: crops by four pixels": {"augmentation": [{**CROPS, "padding": 4}]},
        "instead: class-balanced sampling": {**ONLY_SMOOTHED, "sampler": {"strategy": "class_balanced"}},
        "instead: GCL": {
            "loss": {"name": "gaussian_clouded_logit"},
            "head": {"name": "normalized_dense"},
            "scale": 30.0,
            "cloud": {"noise_multiplier": 0.5},
        },
        "with NBN": {"conversions": [{"name": "nbn", "placement": "paper"}, FLIPS]},
        "with mixup": {"mixup_alpha": 0.2},
        "with CutMix": {"augmentation": [CROPS, {"name": "cutmix", "probability": 0.5}]},
        "with Cutout": {"augmentation": [CROPS, {"name": "cutout", "size": 8}]},
        "with AutoAugment": {"augmentation": [CROPS, {"name": "auto_augment"}]},
    },
}
