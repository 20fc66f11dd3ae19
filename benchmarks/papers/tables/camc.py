"""Tables of CAMC (Zhang et al., 2021). Rows with a dagger there are quoted."""

from benchmarks.papers.rows import SHOTS, Lacks, Trains, facts, rows
from benchmarks.papers.stand_in import Network
from benchmarks.papers.table import table
from ltzoo.recipes.by_dataset.published import counts

RESNEXT = "resnext50/imagenet_lt"
LARGE = "resnet10/imagenet_lt resnext50/imagenet_lt resnext152/imagenet_lt resnet152/places_lt resnet50/inaturalist2018"
CIFAR = " ".join(
    f"resnet32/{dataset}/{factor}"
    for dataset in ("cifar10_lt", "cifar100_lt")
    for factor in (10, 20, 50, 100, 200)
)
CLASSIFIERS = {
    "Linear (baseline)": "cross_entropy",
    "Weight Norm": "weight_normalization",
    "Weight Norm-g": "weight_normalization_shared",
    "Norm FC, g = 1": "normalized_classifier_g1",
    "Norm FC, g*": "normalized_classifier",
}


def _largest_and_smallest(network: Network) -> dict[str, float]:
    found = counts(network.dataset, network.factor)
    return {"max": max(found), "min": min(found)}


def _late(method, suffix):
    return suffix if method == "cross_entropy" else f"{method}_{suffix}"


table(
    "camc", "I", "largest and smallest class of CIFAR-10-LT and CIFAR-100-LT",
    facts("training images", "max min", {
        "-/cifar10_lt/10": "5000 500",
        "-/cifar10_lt/20": "5000 250",
        "-/cifar10_lt/50": "5000 100",
        "-/cifar10_lt/100": "5000 50",
        "-/cifar10_lt/200": "5000 25",
        "-/cifar100_lt/10": "500 50",
        "-/cifar100_lt/20": "500 25",
        "-/cifar100_lt/50": "500 10",
        "-/cifar100_lt/100": "500 5",
        "-/cifar100_lt/200": "500 2",
    }, _largest_and_smallest),
)  # fmt: skip
table(
    "camc", "II", "classifiers: in training, then re-trained, then class means, ImageNet-LT",
    rows("CAMC", "Table II", {
        **{f"{label}, representation learning": method for label, method in CLASSIFIERS.items()},
        **{f"{label}, re-training": _late(method, "crt") for label, method in CLASSIFIERS.items()},
        **{f"{label}, nearest class mean": _late(method, "ncm") for label, method in CLASSIFIERS.items()},
    }),
)  # fmt: skip
table(
    "camc", "III", "threshold tau and number of crops, ImageNet-LT",
    rows("CAMC", "Table III", {
        "CAMC, τ = 0": Trains("normalized_classifier_crt", "66.0 46.7 26.7 51.3", "camc"),
        "CAMC, τ = 20": "camc_tau20",
        "CAMC, τ = 100": "camc",
        "CAMC, τ = ∞": "camc_all",
        "CAMC++, M = 2": "camc_plus_plus_2x2",
        "CAMC++, M = 3": "camc_plus_plus_3x3",
        "CAMC++, M = 4": "camc_plus_plus_4x4",
        "CAMC++, M = 5": "camc_plus_plus",
    }, RESNEXT, SHOTS),
)  # fmt: skip
table(
    "camc", "IV", "ImageNet-LT, Places-LT and iNaturalist 2018",
    rows("CAMC", "Table IV", {
        "FSLwF": Lacks("28.4 - - 34.9 -", quoted=True),
        "Focal Loss": "focal",
        "Range Loss": Trains("range_loss", "30.7 - - 35.1 -", "decoupling", quoted=True),
        "Lifted Loss": Trains("lifted_loss", "30.8 - - 35.2 -", "decoupling", quoted=True),
        "OLTR": Trains("oltr", "37.3 46.3 50.3 35.9 -", quoted=True),
        "LDAM": "ldam_drw",
        "Effective Number": Trains("class_balanced_focal", "- - - - 64.2", "camc"),
        "Rethink-DA": Trains("meta_class_weights", "- - - - 67.6", "camc"),
        "Decoupling-NCM": "ncm",
        "Decoupling-cRT": "crt",
        "Decoupling-τ": "tau_norm",
        "Decoupling-LWS": "lws",
        "BBN": "bbn",
        "IEM": Lacks("43.2 - - 39.7 70.2"),
        "CAMC": "camc",
        "CAMC++": "camc_plus_plus",
    }, LARGE),
)  # fmt: skip
table(
    "camc", "V", "CIFAR-10-LT and CIFAR-100-LT",
    rows("CAMC", "Table V", {
        "Class-balanced Finetune": Lacks("86.4 86.3 77.4 71.3 66.2 57.6 52.3 46.4 41.8 38.7", quoted=True),
        "L2RW": Trains("learning_to_reweight", "85.2 83.1 78.9 74.2 66.5 53.7 51.6 44.4 40.2 33.4", quoted=True),
        "Meta-Weight Net": Trains("meta_weight_net", "87.6 84.5 79.1 73.6 67.2 58.9 53.3 45.7 41.6 36.6", quoted=True),
        "LDAM": "ldam_drw",
        "Effective Number": "class_balanced_focal",
        "Rethink-DA": Trains("meta_class_weights", "88.9 86.5 80.5 76.4 70.7 59.6 55.6 48.5 43.4 39.3"),
        "BBN": "bbn",
        "CAMC": "camc",
        "CAMC++": "camc_plus_plus",
    }, CIFAR),
)  # fmt: skip
