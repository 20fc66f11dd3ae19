"""Tables of MiSLAS (Zhong et al., CVPR 2021; https://arxiv.org/abs/2104.00466)."""

from benchmarks.papers.rows import SHOTS, Lacks, Trains, facts, rows
from benchmarks.papers.stand_in import Network, recipe_of
from benchmarks.papers.table import table

STAGE_2 = {"cRT": "crt", "LWS": "lws", "cRT+mixup": "crt_mixup", "LWS+mixup": "lws_mixup", "MiSLAS": "mislas"}

table(
    "mislas", "1", "mixup in none, one or both stages, ImageNet-LT",
    rows("MiSLAS", "Table 1", {
        "Stage-1 (no mixup)": "cross_entropy",
        "Stage-1 (mixup)": "mixup",
        "no mixup + no mixup, cRT": "crt",
        "no mixup + no mixup, LWS": "lws",
        "no mixup + mixup, cRT": "crt_late_mixup",
        "no mixup + mixup, LWS": "lws_late_mixup",
        "mixup + no mixup, cRT": "crt_mixup",
        "mixup + no mixup, LWS": "lws_mixup",
        "mixup + mixup, cRT": "crt_mixup_twice",
        "mixup + mixup, LWS": "lws_mixup_twice",
    }),
)  # fmt: skip
table(
    "mislas", "2", "mixup (MU), shifted batch norm (SL) and label-aware smoothing (LAS), CIFAR-100-LT",
    rows("MiSLAS", "Table 2", {
        "LWS": "lws",
        "MU": Trains("lws_mixup", "44.2 50.6 62.2"),
        "MU, SL": "lws_mixup_shifted",
        "MU, SL, LAS": Trains("mislas", "47.0 52.3 63.0"),
    }, "resnet32/cifar100_lt/100 resnet32/cifar100_lt/50 resnet32/cifar100_lt/10"),
)  # fmt: skip
table(
    "mislas", "3", "CIFAR-10-LT and CIFAR-100-LT, ResNet-32",
    rows("MiSLAS", "Table 3", {
        "CE": "cross_entropy",
        "mixup": "mixup",
        "LDAM+DRW": "ldam_drw",
        "BBN (include mixup)": "bbn",
        "Remix+DRW (300 epochs)": "remix_drw",
        "cRT+mixup": "crt_mixup",
        "LWS+mixup": "lws_mixup",
        "MiSLAS": "mislas",
        "MiSLAS (released code)": "mislas_published",
    }),
)  # fmt: skip
table(
    "mislas", "4", "ImageNet-LT, iNaturalist 2018 and Places-LT",
    [
        *rows("MiSLAS", "Table 4", {
            "CE": "cross_entropy",
            "CE+DRW": "cross_entropy_drw",
            "Focal+DRW": Trains("focal_drw", "47.9", "mislas"),
            "LDAM+DRW": "ldam_drw",
            "cRT+mixup": Trains("crt_mixup", "51.7", "mislas"),
            "LWS+mixup": Trains("lws_mixup", "52.0", "mislas"),
            "MiSLAS": Trains("mislas", "52.7", "mislas"),
        }, "resnet50/imagenet_lt"),
        *rows("MiSLAS", "Table 4", {
            "CB-Focal": Trains("class_balanced_focal", "61.1", "mislas"),
            "LDAM+DRW": "ldam_drw",
            "BBN (include mixup)": "bbn",
            "Remix+DRW": "remix_drw",
            "cRT+mixup": Trains("crt_mixup", "70.2", "mislas"),
            "LWS+mixup": Trains("lws_mixup", "70.9", "mislas"),
            "MiSLAS": Trains("mislas", "71.6", "mislas"),
        }, "resnet50/inaturalist2018"),
        *rows("MiSLAS", "Table 4", {
            "Range Loss": Trains("range_loss", "35.1", "decoupling"),
            "FSLwF": Lacks("34.9"),
            "OLTR": Trains("oltr", "35.9"),
            "OLTR+LFME": Trains("oltr_lfme", "36.2"),
            "cRT+mixup": Trains("crt_mixup", "38.3", "mislas"),
            "LWS+mixup": Trains("lws_mixup", "39.7", "mislas"),
            "MiSLAS": Trains("mislas", "40.4", "mislas"),
        }, "resnet152/places_lt"),
    ],
)  # fmt: skip


def _settings(network: Network) -> dict[str, float]:
    small = network.dataset in ("cifar10_lt", "cifar100_lt")
    first, second = recipe_of("mislas", "cifar" if small else "mislas", network).stages
    return {
        "rate": first.schedule["learning_rate"],
        "batch": first.batch_size,
        "decay": first.optimizer["l2"],
        "epochs1": first.epochs,
        "epochs2": second.epochs,
        "ε1": second.loss["smooth_head"],
        "εK": second.loss["smooth_tail"],
        "ΔW": second.optimizer["learning_rate_multipliers"]["*shift"],
    }


table(
    "mislas", "5", "settings on five datasets",
    facts("MiSLAS", "rate batch decay epochs1 epochs2 ε1 εK ΔW", {
        "resnet32/cifar10_lt/100": "0.1 128 2e-4 200 10 0.3 0.0 0.5",
        "resnet32/cifar100_lt/100": "0.1 128 2e-4 200 10 0.4 0.1 0.2",
        "resnet50/imagenet_lt": "0.1 256 5e-4 180 10 0.4 0.1 0.05",
        "resnet152/places_lt": "0.1 256 5e-4 90 10 0.4 0.1 0.05",
        "resnet50/inaturalist2018": "0.1 256 1e-4 200 30 0.4 0.1 0.05",
    }, _settings),
)  # fmt: skip
table(
    "mislas", "6", "ImageNet-LT, ResNet-50, 101 and 152, 180 epochs",
    [row for depth in (50, 101, 152) for row in rows("MiSLAS", "Table 6", STAGE_2, f"resnet{depth}/imagenet_lt")],
)  # fmt: skip
table(
    "mislas", "7", "iNaturalist 2018, ResNet-50, 200 epochs",
    rows("MiSLAS", "Table 7", {
        "cRT": "crt",
        "τ-normalized": "tau_norm",
        "LWS": "lws",
        "cRT+mixup": "crt_mixup",
        "LWS+mixup": "lws_mixup",
        "MiSLAS": "mislas",
    }),
)  # fmt: skip
table(
    "mislas", "8", "Places-LT, ResNet-152 that starts from ImageNet",
    rows("MiSLAS", "Table 8", {
        "Lifted Loss": Trains("lifted_loss", "41.1 35.4 24.0 35.2", "decoupling"),
        "Focal Loss": "focal",
        "Range Loss": Trains("range_loss", "41.1 35.4 23.2 35.1", "decoupling"),
        "FSLwF": Lacks("43.9 29.9 29.5 34.9"),
        "OLTR": Trains("oltr", "44.7 37.0 25.3 35.9"),
        "OLTR+LFME": Trains("oltr_lfme", "39.3 39.6 24.2 36.2"),
        "cRT": "crt",
        "τ-normalized": "tau_norm",
        "LWS": "lws",
        "cRT+mixup": "crt_mixup",
        "LWS+mixup": "lws_mixup",
        "MiSLAS": "mislas",
    }, "resnet152/places_lt", SHOTS),
)  # fmt: skip
