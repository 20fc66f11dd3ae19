"""The variants of the recipe `fast` for `benchmarks/ablation.py`, in the form with SGD and crops by four pixels."""

FLIPS = {"name": "flip_average"}
CROPS = {"name": "pad_crop_flip", "padding": 4, "mode": "reflect", "flip": True}
SGD = {"name": "sgd", "momentum": 0.9, "nesterov": True, "l2": 5e-4}
ORTHOGONAL = {**SGD, "name": "orthogonal_sgd", "kernel_rate": 0.5, "kernel_momentum": 0.6}
COMMON = {"epochs": [12], "optimizer": SGD, "augmentation": [CROPS]}
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

VARIANTS = {  # by what they are compared with
    "cross-entropy": {
        "cross-entropy": PLAIN,
        "alone: logit adjustment": {**PLAIN, "loss": ADJUSTED},
        "alone: label smoothing": {**PLAIN, **ONLY_SMOOTHED},
        "alone: whitened patches": {**PLAIN, **WHITENED},
    },
    "fast": {
        "fast": SMOOTHED,
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
        "with orthogonal steps": {**SMOOTHED, "optimizer": ORTHOGONAL},
        "with NBN": {**SMOOTHED, "conversions": [{"name": "nbn", "placement": "paper"}, FLIPS]},
        "with mixup": {**SMOOTHED, "mixup_alpha": 0.2},
        "with CutMix": {**SMOOTHED, "augmentation": [CROPS, {"name": "cutmix", "probability": 0.5}]},
        "with Cutout": {**SMOOTHED, "augmentation": [CROPS, {"name": "cutout", "size": 8}]},
        "with AutoAugment": {**SMOOTHED, "augmentation": [CROPS, {"name": "auto_augment"}]},
    },
}
