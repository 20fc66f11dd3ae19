"""Tables of FSA (Chu et al., ECCV 2020)."""

from benchmarks.papers.rows import SHOTS, Lacks, Trains, rows
from benchmarks.papers.table import table

METHODS = {
    "Baseline": "cross_entropy",
    "CB, β = 0.9": "class_balanced_softmax_beta9",
    "CB, β = 0.999": "class_balanced_softmax_beta999",
    "CB, β = 0.9999": "class_balanced_softmax",
    "FL, γ = 0.5": "focal_gamma05",
    "FL, γ = 1.0": "focal",
    "FL, γ = 2.0": "focal_gamma2",
}
# SLA's own paper has the imbalance factors 10 and 100; they are the two numbers printed here.
SLA = {"cifar10_lt": "89.58 - - 80.24 -", "cifar100_lt": "59.89 - - 45.53 -"}

for _number, _dataset, _name in (("1", "cifar10_lt", "CIFAR-10-LT"), ("2", "cifar100_lt", "CIFAR-100-LT")):
    _networks = {
        depth: " ".join(f"resnet{depth}/{_dataset}/{factor}" for factor in (10, 20, 50, 100, 200))
        for depth in (18, 34)
    }
    table(
        "fsa", _number, f"{_name}, ResNet-18 and ResNet-34",
        [
            *rows("FSA", f"Table {_number}", {**METHODS, "Ours": "fsa"}, _networks[18]),
            *rows(
                "FSA", f"Table {_number}",
                {**METHODS, "SLA": Lacks(SLA[_dataset], quoted=True), "Ours": "fsa"}, _networks[34],
            ),
        ],
    )  # fmt: skip

table(
    "fsa", "3", "ImageNet-LT and Places-LT",
    [
        *rows("FSA", "Table 3", {
            "Plain Model": "cross_entropy",
            "Lifted Loss": Trains("lifted_loss", "35.8 30.4 17.9 30.8", "decoupling"),
            "FL": "focal",
            "Range Loss": Trains("range_loss", "35.8 30.3 17.6 30.7", "decoupling"),
            "FSLwF": Lacks("40.9 22.1 15.0 28.4"),
            "OLTR": Trains("oltr", "43.2 35.1 18.5 35.6"),
            "Ours": "fsa",
            "Ours+FL": "fsa_focal",
        }, "resnet10/imagenet_lt", SHOTS),
        *rows("FSA", "Table 3", {
            "Plain Model": "cross_entropy",
            "Lifted Loss": Trains("lifted_loss", "41.1 35.4 24.0 35.2", "decoupling"),
            "FL": "focal",
            "Range Loss": Trains("range_loss", "41.1 35.4 23.2 35.1", "decoupling"),
            "FSLwF": Lacks("43.9 29.9 29.5 34.9"),
            "OLTR": Trains("oltr", "44.7 37.0 25.3 35.9"),
            "Ours": "fsa",
            "Ours+FL": "fsa_focal",
        }, "resnet152/places_lt", SHOTS),
    ],
)  # fmt: skip

INATURALIST = {
    year: " ".join(f"resnet{depth}/inaturalist{year}" for depth in (50, 101, 152)) for year in (2017, 2018)
}
table(
    "fsa", "4", "iNaturalist 2017 and 2018",
    [
        *rows("FSA", "Table 4", {
            "Baseline": Trains("cross_entropy", "60.50 61.81 65.12", "fsa"),
            "CB focal": Trains("class_balanced_focal", "58.08 60.94 -", "fsa", quoted=True),
            "CB softmax": Trains("class_balanced_softmax", "- - 64.75", "fsa", quoted=True),
            "Ours": Trains("fsa", "61.96 64.16 66.58", "fsa"),
        }, INATURALIST[2017]),
        *rows("FSA", "Table 4", {
            "Baseline": "cross_entropy",
            "CB focal": "class_balanced_focal",
            "CB softmax": "class_balanced_softmax",
            "Ours": "fsa",
        }, INATURALIST[2018]),
    ],
)  # fmt: skip
