"""Training set-ups by dataset as the authors' files have them: set-up, dataset, source, and values of the set-up.

A source is `repository: file`, as in `released_constants`; where the authors released none, it names the paper.
"""

from tests.recipes.released_constants import BCL, KANG, MISLAS, PACO, PHOTOGRAPHS, RIDE

_KANG = {
    "epochs": 90,
    "batch_size": 512,
    "learning_rate": 0.2,
    "retrain_epochs": 10,
    "l2": 5e-4,
    "color_jitter": 0.4,
}
_KANG_INATURALIST = {**_KANG, "epochs": 200, "retrain_epochs": 30, "l2": 1e-4, "color_jitter": 0.0}
_MISLAS = {"batch_size": 256, "learning_rate": 0.1, "l2": 5e-4, "color_jitter": 0.4, "mixup_alpha": 0.2}
_NBN = {**_KANG, "mixup_alpha": 0.2}
_CAMC = {"epochs": 200, "batch_size": 256, "retrain_epochs": 10}
_FSA = {"epochs": 100, "batch_size": 128, "milestones": [30, 60, 90], "factors": [0.1, 0.01, 0.001]}
_GCL = {**_KANG, "warmup_epochs": 5, "milestones": [60, 80], "factors": [0.1, 0.01]}
_PACO = {"batch_size": 128, "learning_rate": 0.02, "l2": 5e-4, "color_jitter": 0.4}
_RIDE = {"epochs": 100, "warmup_epochs": 5, "milestones": [60, 80], "factors": [0.1, 0.01], "l2": 2e-4}
_BCL = {"batch_size": 256, "color_jitter": 0.4}
_STEPS = {"steps": 13_000, "warmup_steps": 800, "batch_size": 512}
SETUPS = [
    ("decoupling", "imagenet_lt", f"{KANG}: config/ImageNet_LT/feat_uniform.yaml, cls_crt.yaml, data/dataloader.py",
     _KANG),
    ("decoupling", "places_lt", f"{KANG}: config/Places_LT/cls_crt.yaml", {"batch_size": 256, "learning_rate": 0.1,
                                                                          "retrain_epochs": 10, "l2": 5e-4}),
    ("decoupling", "inaturalist2018", f"{KANG}: config/iNaturalist18/cls_crt.yaml; the paper for 200 epochs",
     _KANG_INATURALIST),
    ("mislas", "imagenet_lt", f"{MISLAS}: config/imagenet/imagenet_resnet50_stage1_mixup.yaml",
     {**_MISLAS, "epochs": 180, "retrain_epochs": 10}),
    ("mislas", "places_lt", f"{MISLAS}: config/places/places_resnet152_stage1_mixup.yaml",
     {**_MISLAS, "epochs": 90, "retrain_epochs": 10}),
    ("mislas", "inaturalist2018", f"{MISLAS}: config/ina2018/ina2018_resnet50_stage1_mixup.yaml; MiSLAS, Table 5: 30",
     {**_MISLAS, "epochs": 200, "retrain_epochs": 30, "l2": 1e-4}),
    ("gcl", "imagenet_lt", "Keke921/GCLLoss: Places-LT/pla_train_backbone.py; GCL, section 4", _GCL),
    ("gcl", "places_lt", "Keke921/GCLLoss: Places-LT/pla_train_backbone.py", _GCL),
    ("gcl", "inaturalist2018", "GCL, section 4", {**_GCL, **_KANG_INATURALIST, "milestones": [133, 178]}),
    ("nbn", "cifar10_lt", "NBN, section IV", _STEPS),
    ("nbn", "cifar100_lt", "NBN, section IV", _STEPS),
    ("nbn", "imagenet_lt", "NBN, section IV", _NBN),
    ("nbn", "places_lt", "NBN, section IV", _NBN),
    ("nbn", "inaturalist2018", "NBN, section IV", {**_KANG_INATURALIST, "mixup_alpha": 0.2}),
    ("nbn_90", "inaturalist2018", "NBN, Table VIII", {"epochs": 90, "batch_size": 512, "learning_rate": 0.2,
                                                      "retrain_epochs": 30, "l2": 1e-4}),
    ("camc", "imagenet_lt", "CAMC, section IV", _CAMC),
    ("camc", "places_lt", "CAMC, section IV", _CAMC),
    ("camc", "inaturalist2018", "CAMC, section IV", _CAMC),
    *(("fsa", dataset, "FSA, section 5", _FSA) for dataset in PHOTOGRAPHS),
    *(("fsa_cifar", f"cifar{classes}_lt", "FSA, section 5",
       {"epochs": 300, "batch_size": 128, "learning_rate": 0.1, "milestones": [150]}) for classes in (10, 100)),
    ("bcl", "imagenet_lt", f"{BCL}: README.md, main.py", {**_BCL, "epochs": 90, "learning_rate": 0.1, "l2": 5e-4}),
    ("bcl", "inaturalist2018", f"{BCL}: README.md, main.py",
     {**_BCL, "epochs": 100, "learning_rate": 0.2, "l2": 1e-4}),
    ("paco", "imagenet_lt", f"{PACO}: PaCo/LT/sh/ImageNetLT_train_X50.sh, PaCo/LT/paco_lt.py",
     {**_PACO, "epochs": 400, "warmup_epochs": 10}),
    ("paco", "inaturalist2018", f"{PACO}: PaCo/LT/sh/Inat_train_R50.sh, PaCo/LT/paco_lt.py",
     {**_PACO, "epochs": 400, "warmup_epochs": 10, "l2": 1e-4}),
    ("paco", "places_lt", f"{PACO}: PaCo/LT/sh/PlacesLT_train_R152.sh, PaCo/LT/paco_fp16_places.py",
     {**_PACO, "epochs": 30, "warmup_epochs": 5, "trainable": ["stage4_block2_*", "*bn*"]}),
    ("ride", "imagenet_lt", f"{RIDE}: configs/config_imagenet_lt_resnext50_ride.json",
     {**_RIDE, "batch_size": 256, "learning_rate": 0.1, "color_jitter": 0.4}),
    ("ride", "inaturalist2018", f"{RIDE}: configs/config_iNaturalist_resnet50_ride.json",
     {**_RIDE, "batch_size": 512, "learning_rate": 0.2, "color_jitter": 0.0}),
    ("ride_nbn", "imagenet_lt", "yuxiangbao/NBN: config/ImageNet_LT/ride_nbn_lr.yaml",
     {"epochs": 90, "batch_size": 256, "learning_rate": 0.1, "l2": 5e-4, "color_jitter": 0.4}),
    ("ride_nbn", "inaturalist2018", "no released file; that of ImageNet-LT for 200 epochs, NBN, section IV",
     {"epochs": 200, "batch_size": 256, "learning_rate": 0.1, "l2": 5e-4, "color_jitter": 0.0}),
    *(("weight_balancing", dataset, "no released set-up; that of Kang et al.",
       {"epochs": 200 if dataset == "inaturalist2018" else 90, "batch_size": 512, "learning_rate": 0.2,
        "retrain_epochs": 10}) for dataset in PHOTOGRAPHS),
]  # fmt: skip
