"""Tables of NBN (Bao et al., 2024) next to other methods; `nbn_ablations` has the others."""

from benchmarks.papers.rows import Lacks, Trains, rows
from benchmarks.papers.table import table

SHOTS = "top1 few medium many"
X50 = "resnext50/imagenet_lt"

table(
    "nbn", "I", "CIFAR-10-LT and CIFAR-100-LT",
    rows("NBN", "Table I", {
        "Cross Entropy": "cross_entropy_autoaugment",
        "Focal Loss": "focal_autoaugment",
        "LDAM Loss": "ldam_autoaugment",
        "decoupling LWS": "lws_autoaugment",
        "Balanced Softmax": "balanced_softmax_autoaugment",
        "RIDE": "ride_balanced_softmax",
        "Cross Entropy + Ours": "nbn",
        "Balanced Softmax + Ours": "nbn_balanced_softmax",
        "RIDE + Ours": "ride_nbn",
    }),
)  # fmt: skip
table(
    "nbn", "II", "ImageNet-LT, ResNeXt-50",
    rows("NBN", "Table II", {
        "Cross Entropy": "cross_entropy",
        "decoupling cRT": "crt",
        "decoupling LWS": "lws",
        "Balanced Softmax": "balanced_softmax",
        "MiSLAS": Trains("mislas", "52.7 35.8 51.3 61.7", "own", quoted=True),
        "PaCo": "paco",
        "ACE": Lacks("56.6 - - -"),
        "ALA": "ala",
        "xERM": Trains("xerm", "54.1 27.5 50.0 68.6"),
        "TSC (T-distributed spherical features)": Lacks("54.2 - - -", quoted=True),
        "RIDE": "ride4",
        "SuperDisco": Lacks("57.1 37.1 53.3 66.1", quoted=True),
        "BCL": "bcl",
        "RIDE + MBJ": Lacks("57.7 37.7 54.1 68.4"),
        "ABC-Norm": Trains("abc_norm", "51.7 33.1 49.7 60.7", "nbn"),
        "IIF": Trains("iif", "52.8 18.9 47.0 72.1", "nbn"),
        "LogN": "log_n",
        "CBN": Lacks("57.4 - - -"),
        "Cross Entropy + Ours": "nbn",
        "Balanced Softmax + Ours": "nbn_balanced_softmax",
        "RIDE + Ours": "ride4_nbn",
        "BCL + Ours": "bcl_nbn",
    }, X50, SHOTS),
)  # fmt: skip
table(
    "nbn", "III", "iNaturalist 2018, ResNet-50",
    rows("NBN", "Table III", {
        "Cross Entropy": "cross_entropy",
        "decoupling cRT": "crt",
        "Balanced Softmax": "balanced_softmax",
        "DisAlign": "disalign",
        "MiSLAS": "mislas",
        "Balanced Softmax + CMO": "balanced_softmax_cmo",
        "LTR-WD": "weight_balancing",
        "GCL": "gcl",
        "BCL": "bcl",
        "TSC (T-distributed spherical features)": Lacks("70.3 - - -", quoted=True),
        "SuperDisco": Lacks("73.6 71.3 72.9 72.3", quoted=True),
        "MBJ": Lacks("73.2 - - -"),
        "RIDE": "ride_balanced_softmax",
        "ABC-Norm": Trains("abc_norm", "71.4 70.4 73.2 68.1", "nbn"),
        "DTRG": Trains("dtrg", "69.5 - - -", "nbn"),
        "CBN": Lacks("74.8 - - -"),
        "Cross Entropy + Ours": "nbn",
        "Balanced Softmax + Ours": "nbn_balanced_softmax",
        "BCL + Ours": "bcl_nbn",
        "RIDE + Ours": "ride_nbn",
    }, "resnet50/inaturalist2018", SHOTS),
)  # fmt: skip
