"""Tables of GCL (Li et al., CVPR 2022). Rows with a star there are quoted from other papers."""

from benchmarks.papers.rows import Trains, rows
from benchmarks.papers.table import table

CIFAR = " ".join(
    f"resnet32/{dataset}/{factor}" for dataset in ("cifar10_lt", "cifar100_lt") for factor in (200, 100, 50)
)
LARGE = "resnet50/imagenet_lt resnet50/inaturalist2018 resnet152/places_lt"
ONE = "resnet32/cifar10_lt/100"

table(
    "gcl", "1", "CIFAR-10-LT and CIFAR-100-LT, ResNet-32",
    rows("GCL", "Table 1", {
        "CE loss": "cross_entropy",
        "CE loss + mixup": "mixup",
        "LDAM-DRW": "ldam_drw",
        "De-confound-TDE": Trains("tde", "- 80.60 83.60 - 44.15 50.31", "cifar", quoted=True),
        "CE loss + mixup + cRT": "crt_mixup",
        "BBN": "bbn",
        "Contrastive learning": Trains("hybrid_sc", "- 81.40 85.36 - 46.72 51.87", quoted=True),
        "MiSLAS": "mislas",
        "MiSLAS (released code)": "mislas_published",
        "GCL": "gcl",
        "GCL (released code)": "gcl_published",
    }, CIFAR),
)  # fmt: skip
table(
    "gcl", "2", "ImageNet-LT, iNaturalist 2018 and Places-LT",
    rows("GCL", "Table 2", {
        "CE loss": "cross_entropy",
        "CE loss + mixup": "mixup",
        "LDAM-DRW": "ldam_drw",
        "OLTR": Trains("oltr", "- - 35.9", quoted=True),
        "Decoupling": Trains("lws", "47.70 69.49 37.62", "gcl"),
        "CE loss + mixup + cRT": "crt_mixup",
        "Logit adjustment": "logit_adjustment",
        "DisAlign": "disalign",
        "MiSLAS": "mislas",
        "GCL": "gcl",
    }, LARGE),
)  # fmt: skip
table(
    "gcl", "3", "cloud sizes, CIFAR-10-LT",
    rows("GCL", "Table 3", {
        "cos.": "gcl_cosine_cloud",
        "pow. diff. (e:1/3)": "gcl_cubic_root_cloud",
        "pow. diff. (e:1/4)": "gcl_fourth_root_cloud",
        "log. diff.": Trains("gcl", "82.68"),
    }, ONE),
)  # fmt: skip
table(
    "gcl", "4", "samplers of stage 2, CIFAR-10-LT",
    rows("GCL", "Table 4", {
        "IB, cRT": "gcl_instance_balanced",
        "CB, cRT": "gcl_class_balanced",
        "EN, cRT": "gcl_effective_number",
        "CBEN, cRT": Trains("gcl", "82.68"),
    }, ONE),
)  # fmt: skip
table(
    "gcl", "5", "classifiers of stage 2, CIFAR-10-LT",
    rows("GCL", "Table 5", {
        "w/o RT": "gcl_stage1",
        "CBEN, LWS": "gcl_lws",
        "CBEN, τ-nor.": "gcl_tau_norm",
        "CBEN, cRT": Trains("gcl", "82.68"),
    }, ONE),
)  # fmt: skip
