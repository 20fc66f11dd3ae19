"""The variants of the recipe `best` for `benchmarks/ablation.py`."""

from ltzoo.recipes.fast import fast

FLIPS = {"name": "flip_average"}
COMMON = {"epochs": [24, 1], "conversions": [FLIPS]}

CROPS = {"name": "pad_crop_flip", "padding": 4, "mode": "reflect", "flip": True}
POLICY = {"name": "auto_augment"}
CMO = {"name": "cmo", "alpha": 1.0, "probability": 0.5}
UNPAIRED = {"strategy": "instance_balanced"}
PAIRS = {**UNPAIRED, "companion": {"strategy": "class_balanced"}}
UNCHANGED = {"epochs": 0}  # of stage 2, whose head then leaves the logits as they are
AT_LOW_RATE = {
    "epochs": 2,
    "head": None,
    "trainable": "all",
    "batch_norm": "train",
    "schedule": {"name": "linear", "learning_rate": 0.01},
}
RETRAINED = {"head": None, "schedule": {"name": "linear", "learning_rate": 0.05}}
WHITENED = {"technique": {"name": "whitened_patches"}, "trainable": ["stage*"]}
ORTHOGONAL = fast().stages[0].optimizer
SGD = {"name": "sgd", "momentum": 0.9, "nesterov": True, "l2": 5e-4}


def plain(augmentation=(), sampler=None, optimizer=SGD, **changes):
    """Cross-entropy with crops, flips and SGD, and one part of `best`."""
    return {
        "loss": {"name": "cross_entropy"},
        "conversions": [],
        "stage1": {
            "sampler": sampler or UNPAIRED,
            "augmentation": [CROPS, *augmentation],
            "optimizer": optimizer,
        },
        "stage2": UNCHANGED,
        **changes,
    }


VARIANTS = {  # by what they are compared with
    "best": {
        "best": {},
        "without recalibration": {"stage2": UNCHANGED},
        "instead of it: the classifier trained on": {"stage2": RETRAINED},
        "instead of it: all of it trained on": {"stage2": AT_LOW_RATE},
        "without pasted rare images": {"stage1": {"sampler": UNPAIRED, "augmentation": [CROPS, POLICY]}},
        "without AutoAugment": {
            "stage1": {"augmentation": [CROPS, CMO]},
            "stage2": {"augmentation": [CROPS]},
        },
        "without logit adjustment": {"loss": {"name": "cross_entropy"}},
        "without orthogonal steps": {"stage1": {"optimizer": SGD}},
        "without the mirror image": {"conversions": []},
        "with shifts": {"conversions": [{**FLIPS, "shift": 1}]},
        "instead: tau = 1 in both stages": {"loss": {"name": "logit_adjustment", "tau": 1.0}},
        "instead: CutMix of any images": {
            "stage1": {
                "sampler": UNPAIRED,
                "augmentation": [CROPS, POLICY, {"name": "cutmix", "probability": 0.5}],
            }
        },
        "with whitened patches": {"stage1": WHITENED},
    },
    "cross-entropy": {
        "cross-entropy": plain(),
        "alone: logit adjustment": plain(loss={"name": "logit_adjustment"}),
        "alone: pasted rare images": plain([CMO], PAIRS),
        "alone: AutoAugment": plain([POLICY]),
        "alone: recalibration": plain(stage2={"augmentation": [CROPS]}),
        "alone: the mirror image": plain(conversions=[FLIPS]),
        "alone: orthogonal steps": plain(optimizer=ORTHOGONAL),
    },
}
