"""Constants by dataset as the authors' files have them: the table that `test_released_constants` compares with.

A row is recipe, dataset, imbalance factor, source, and values by their place in the recipe. A source is
`repository: file`, with the commit in `COMMITS`; where the authors released none, it names the paper.
"""

COMMITS = {
    "BeierZhu/xERM": "fbec1107dd6322873e4c2c0f431db5a11fa0c6b6",
    "FlamieZhu/Balanced-Contrastive-Learning": "f72d0703794bcec8b00da86774c9d780dc721701",
    "Keke921/GCLLoss": "c2a62338ebb7753178b5c3ec5a69a4fb04069109",
    "Megvii-BaseDetection/DisAlign": "a2fc3500a108cb83e3942293a5675c97ab3a2c6e",
    "Megvii-Nanjing/BBN": "7992e908842f5934f0d1ee3f430d796621e81975",
    "KaihuaTang/Long-Tailed-Recognition.pytorch": "5c916d0d0fd5e1fa984621b86f15cda2bc69df17",
    "dvlab-research/MiSLAS": "0fc381e333d8a11170851b7af2058c59840969e0",
    "dvlab-research/Parametric-Contrastive-Learning": "fe56535ecd716e56a72e75c4e818f2059e557584",
    "facebookresearch/classifier-balancing": "f162adef63fdf592d0b8a0f6e52bc481fc08785f",
    "frank-xwang/RIDE-LongTailRecognition": "ab8be5c21124612493aff87c7cf235d950bda178",
    "xiangly55/LFME": "0a18a06ba452c7b0b9781b0e2174decadd4859d1",
    "yuxiangbao/NBN": "7365e21746953b2ab1f3dd1f823d5a3f9da9295e",
    "hyperconnect/LADE": "5db5d134720872620706025bc4dec8347ddc349b",
    "naver-ai/cmo": "10d2d0988df03f06605a3007be548129b6f0f5b8",
    "zhangyongshun/BagofTricks-LT": "ce7859a930649d10fb2a4fd4ed9242007eb25e2f",
    "zhmiao/OpenLongTailRecognition-OLTR": "f50e375f123fd12dd0ae39e07aa226fadec32f33",
}
BCL, PACO = "FlamieZhu/Balanced-Contrastive-Learning", "dvlab-research/Parametric-Contrastive-Learning"
MISLAS, KANG = "dvlab-research/MiSLAS", "facebookresearch/classifier-balancing"
TDE = "KaihuaTang/Long-Tailed-Recognition.pytorch"
RIDE, LADE, CMO = "frank-xwang/RIDE-LongTailRecognition", "hyperconnect/LADE", "naver-ai/cmo"
DISALIGN = (
    "Megvii-BaseDetection/DisAlign: classification/imagenetlt/resnext50/"
    "resx50.scratch.imagenet_lt.224size.90e.disalign.10e/config.py"
)
PHOTOGRAPHS = ("imagenet_lt", "places_lt", "inaturalist2018")


def smoothing(head, tail, ratio, layer, over, batch_norm):
    """Stage 2 of MiSLAS."""
    return {
        "stages.1.loss.smooth_head": head,
        "stages.1.loss.smooth_tail": tail,
        "stages.1.loss.over": over,
        "stages.1.optimizer.learning_rate_multipliers": {layer: ratio, "*bias": ratio},
        "stages.1.batch_norm": batch_norm,
    }


def released_smoothing(head, tail, ratio, batch_norm="shifted"):
    return smoothing(head, tail, ratio, "*kernel", "all", batch_norm)


def table_5(head, tail, ratio):
    return smoothing(head, tail, ratio, "*shift", "others", "shifted")


def lade(alpha, penalty, **more):
    values = {"alpha": alpha, "penalty": penalty, "importance": "class"}
    return {**{f"stages.0.loss.{key}": value for key, value in values.items()}, **more}


def trained(epochs, batch_size, learning_rate, l2):
    return {
        "epochs": epochs,
        "stages.0.batch_size": batch_size,
        "stages.0.schedule.learning_rate": learning_rate,
        "stages.0.optimizer.l2": l2,
    }


def steps(milestones, factors):
    return {"stages.0.schedule.milestones": milestones, "stages.0.schedule.factors": factors}


def technique(stage=0, **values):
    return {f"stages.{stage}.technique.{key}": value for key, value in values.items()}


def experts(diversity, reweight, choices):
    return {
        **technique(0, diversity_factor=diversity, reweight_factor=0.0),
        **technique(1, diversity_factor=diversity, reweight_factor=reweight),
        **technique(2, positive_weight=100.0),
        "stages.2.head.top_choices": choices,
        "stages.2.head.num_experts": 3,
        "stages.2.batch_size": 512,
        "stages.2.schedule.learning_rate": 0.01,
        "stages.2.optimizer.l2": 5e-4,
        "stages.2.epochs": 5,
    }


def contrast(recipe, dataset):
    values = technique(
        views=3, classification_weight=1.0, contrastive_weight=0.35, temperature=0.07, hidden_units=None,
        units=1024,
    )  # fmt: skip
    return (recipe, dataset, None, f"{BCL}: main.py, models/resnext.py, README.md", values)


def centers(dataset, temperature, script):
    values = technique(alpha=0.05, temperature=temperature, queue_size=8192, units=128)
    return ("paco", dataset, None, f"{PACO}: PaCo/LT/{script}", values)


def diverse(recipe, dataset, diversity, reweight, choices, file):
    sources = f"{RIDE}: configs/config_{file}_ride.json, configs/config_{file}_ride_ea.json"
    return (recipe, dataset, None, sources, experts(diversity, reweight, choices))


def threshold(recipe, dataset, factor, value):
    return (recipe, dataset, factor, "CAMC, section IV", {"stages.1.head.threshold": value})


def effective_number(recipe):
    return (recipe, "cifar100_lt", 100, "Cui et al., CVPR 2019, Table 3", {"stages.0.loss.beta": 0.9})


def released_mislas(dataset, factor, file, *values):
    return ("mislas_published", dataset, factor, f"{MISLAS}: config/{file}", released_smoothing(*values))


def causal(dataset, factor, file, alpha):
    on_cifar = dataset.startswith("cifar")
    schedule = steps([120, 160], [1e-2, 1e-4]) if on_cifar else {}
    values = {"head.alpha": alpha, **trained(*((200, 256) if on_cifar else (90, 512)), 0.2, 5e-4), **schedule}
    return (
        "tde",
        dataset,
        factor,
        f"KaihuaTang/Long-Tailed-Recognition.pytorch: classification/config/{file}.yaml",
        values,
    )


def memory(dataset, *values):
    """OLTR: epochs of stage 2, multipliers of its rate, and what trains."""
    epochs, rates, trainable, batch_norm = values
    files = f"config/{dataset}/stage_1.py, config/{dataset}/stage_2_meta_embedding.py"
    crop = {"name": "imagenet_train_crop", "size": 224, "color_jitter": 0.4}
    return (
        "oltr", dataset.lower(), None,
        f"zhmiao/OpenLongTailRecognition-OLTR: {files}, data/dataloader.py",
        {
            **trained(30 + epochs, 128, 0.1, 5e-4), **steps([10, 20], [0.1, 0.01]),
            "stages.0.epochs": 30, "stages.0.augmentation": [crop], "stages.1.augmentation": [crop],
            "stages.1.batch_size": 128, "stages.1.optimizer.l2": 5e-4, "stages.1.schedule.learning_rate": 0.01,
            "stages.1.schedule.milestones": [epochs // 3, 2 * epochs // 3],
            "stages.1.schedule.factors": [0.1, 0.01], "stages.1.head.units": 512,
            "stages.1.sampler": {"strategy": "class_aware", "samples_per_visit": 4},
            "stages.1.optimizer.learning_rate_multipliers": rates, "stages.1.trainable": trainable,
            "stages.1.batch_norm": batch_norm,
        },
    )  # fmt: skip


CONSTANTS = [
    ("mislas", "cifar10_lt", 100, "MiSLAS, Table 5", table_5(0.3, 0.0, 0.5)),
    ("mislas", "cifar100_lt", 100, "MiSLAS, Table 5", table_5(0.4, 0.1, 0.2)),
    *(("mislas", dataset, None, "MiSLAS, Table 5", table_5(0.4, 0.1, 0.05)) for dataset in PHOTOGRAPHS),
    released_mislas("cifar10_lt", 100, "cifar10/cifar10_imb001_stage2_mislas.yaml", 0.3, 0.0, 0.5, "frozen"),
    released_mislas("cifar10_lt", 50, "cifar10/cifar10_imb002_stage2_mislas.yaml", 0.2, 0.0, 0.2, "frozen"),
    released_mislas("cifar10_lt", 10, "cifar10/cifar10_imb01_stage2_mislas.yaml", 0.1, 0.0, 0.2, "frozen"),
    released_mislas("cifar100_lt", 100, "cifar100/cifar100_imb001_stage2_mislas.yaml", 0.4, 0.1, 0.2),
    released_mislas("cifar100_lt", 50, "cifar100/cifar100_imb002_stage2_mislas.yaml", 0.3, 0.0, 0.1),
    released_mislas("cifar100_lt", 10, "cifar100/cifar100_imb01_stage2_mislas.yaml", 0.2, 0.0, 0.1),
    released_mislas("imagenet_lt", None, "imagenet/imagenet_resnet50_stage2_mislas.yaml", 0.3, 0.0, 0.05),
    released_mislas("places_lt", None, "places/places_resnet152_stage2_mislas.yaml", 0.4, 0.1, 0.05),
    released_mislas("inaturalist2018", None, "ina2018/ina2018_resnet50_stage2_mislas.yaml", 0.3, 0.0, 0.05),
    ("mislas_published", "inaturalist2018", None, f"{MISLAS}: config/ina2018/ina2018_resnet50_stage2_mislas.yaml",
     {"stages.1.epochs": 10, "stages.1.optimizer.l2": 1e-4}),
    *(
        threshold(recipe, *values)
        for recipe in ("camc", "camc_plus_plus")
        for values in (
            ("cifar10_lt", 10, 1000), ("cifar10_lt", 20, 1000), ("cifar10_lt", 50, 1000), ("cifar10_lt", 100, 200),
            ("cifar100_lt", 100, 100), *((dataset, None, 100) for dataset in PHOTOGRAPHS),
        )
    ),
    ("lade", "cifar100_lt", 100, f"{LADE}: README.md", lade(0.1, 0.01)),
    ("lade", "cifar100_lt", 50, f"{LADE}: config/CIFAR100_LT/lade.yaml", lade(0.1, 0.1)),
    ("lade", "cifar100_lt", 10, f"{LADE}: config/CIFAR100_LT/lade.yaml", lade(0.1, 0.1)),
    ("lade", "imagenet_lt", None, f"{LADE}: README.md, config/ImageNet_LT/lade.yaml",
     lade(0.05, 0.5, **trained(180, 256, 0.05, 5e-4))),
    ("lade", "inaturalist2018", None, f"{LADE}: README.md, config/iNaturalist18/lade.yaml",
     lade(0.05, 0.5, **trained(200, 256, 0.1, 1e-4))),
    ("lade", "places_lt", None, f"{LADE}: README.md, config/Places_LT/lade.yaml, utils.py",
     {**lade(0.005, 0.1, **trained(30, 128, 0.05, 5e-4)), **steps([10, 20], [0.1, 0.01]),
      "stages.0.optimizer.learning_rate_multipliers": {"*/head/*": 1.0, "*": 0.001 / 0.05}}),
    *(effective_number(f"class_balanced_{kind}") for kind in ("softmax", "focal", "sigmoid")),
    ("equalization", "cifar100_lt", 50,
     "zhangyongshun/BagofTricks-LT: configs/cao_cifar/re_weighting/seql/cifar100_im50.yaml",
     {"stages.0.loss.threshold": 0.006, "stages.0.loss.beta": 0.9, **technique(threshold=0.006, gamma=0.9)}),
    *(contrast(recipe, dataset) for recipe in ("bcl", "bcl_nbn") for dataset in ("imagenet_lt", "inaturalist2018")),
    centers("imagenet_lt", 0.07, "sh/ImageNetLT_train_X50.sh, paco_lt.py"),
    centers("inaturalist2018", 0.2, "sh/Inat_train_R50.sh, paco_lt.py"),
    centers("places_lt", 0.2, "sh/PlacesLT_train_R152.sh, paco_fp16_places.py"),
    diverse("ride", "cifar100_lt", -0.45, 0.05, 30, "imbalance_cifar100"),
    *(
        diverse(recipe, *values)
        for recipe in ("ride", "ride_nbn_paper")
        for values in (
            ("imagenet_lt", -0.2, 0.02, 50, "imagenet_lt_resnext50"),
            ("inaturalist2018", -0.2, 0.015, 50, "iNaturalist_resnet50"),
        )
    ),
    ("lws", "imagenet_lt", None, f"{KANG}: config/ImageNet_LT/cls_lws.yaml", {"stages.1.epochs": 5}),
    ("lws", "places_lt", None, f"{KANG}: config/Places_LT/cls_lws.yaml", {"stages.1.epochs": 5}),
    ("lws", "inaturalist2018", None, f"{KANG}: config/iNaturalist18/cls_lws.yaml", {"stages.1.epochs": 5}),
    ("disalign", "imagenet_lt", None, DISALIGN,
     {**trained(100, 256, 0.1, 5e-4), "stages.1.epochs": 10, "stages.1.batch_size": 256,
      "stages.1.schedule.learning_rate": 0.1, "stages.1.loss.exponent": 1.2}),
    *(
        causal(*values)
        for values in (
            ("cifar10_lt", 100, "CIFAR10_LT/causal_norm_32", 1.0),
            ("cifar100_lt", 100, "CIFAR100_LT/causal_norm_32", 1.5),
            ("imagenet_lt", None, "ImageNet_LT/causal_norm", 3.0), ("places_lt", None, "Places_LT/causal_norm", 3.0),
        )
    ),
    ("bbn", "inaturalist2018", None, "Megvii-Nanjing/BBN: configs/iNaturalist2018.yaml, lib/core/combiner.py",
     {**trained(180, 128, 0.05, 1e-4), **steps([119, 159], [0.1, 0.01]), **technique(max_epochs=200)}),
    ("cmo", "imagenet_lt", None, f"{CMO}: README.md, opts.py, imagenet_train.py",
     {**trained(100, 128, 0.1, 2e-4), **steps([60, 80], [0.1, 0.01]), "stages.0.schedule.warmup_epochs": 5}),
    ("cmo", "inaturalist2018", None, f"{CMO}: README.md, opts.py, inat18_train.py",
     {**trained(100, 256, 0.1, 2e-4), **steps([75], [0.1]), "stages.0.schedule.warmup_epochs": 5}),
    memory(
        "ImageNet_LT", 60,
        {"*/embedding/*": 1.0, "*/query/*": 10.0, "*/selector/*": 10.0, "*/head_*/kernel": 10.0}, "all", "train",
    ),
    memory("Places_LT", 30, {"*/attention/*": 0.01, "*/embedding/*": 0.01}, "head", "shifted"),
    ("xerm", "cifar100_lt", 100, "BeierZhu/xERM: xERM.PC.public/config/CIFAR100_LT/ce100.yaml",
     {**trained(400, 256, 0.2, 5e-4), **steps([120, 160], [1e-2, 1e-4]), "stages.0.schedule.warmup_epochs": 5,
      "stages.1.optimizer.l2": 1e-4, **technique(1, gamma=1.5)}),
    ("xerm", "imagenet_lt", None, "BeierZhu/xERM: xERM.PC.public/config/ImageNet_LT/ce.yaml, data/dataloader.py",
     {**trained(180, 256, 0.05, 5e-4), "stages.1.optimizer.l2": 5e-4, "stages.1.epochs": 90,
      "stages.0.schedule.name": "cosine", "stages.1.schedule.learning_rate": 0.05, **technique(1, gamma=2.0)}),
    ("hybrid_psc", "cifar10_lt", 100, "Wang et al., CVPR 2021, section 4", technique(temperature=1.0)),
    ("hybrid_psc", "cifar100_lt", 100, "Wang et al., CVPR 2021, section 4", technique(temperature=0.1)),
    *(("lfme", dataset, None, "xiangly55/LFME: config/ImageNet_LT/LFME.py, config/ImageNet_LT/many_shot.py, utils.py",
       {**trained(450, 128, 0.1, 5e-4), "stages.0.schedule.name": "cosine", "stages.3.epochs": 90,
        "stages.3.batch_size": 256, "stages.3.optimizer.l2": 5e-4, "stages.3.schedule.learning_rate": 0.1,
        "stages.3.schedule.milestones": [50, 80], "stages.3.schedule.factors": [0.1, 0.01],
        **technique(0, group="many", thresholds=[20, 99]), **technique(2, group="few", thresholds=[20, 99]),
        }) for dataset in ("imagenet_lt", "places_lt")),
]  # fmt: skip
