"""Tables of NBN's ablations (Bao et al., 2024, section IV-D)."""

from benchmarks.papers.channels import masked_accuracy
from benchmarks.papers.rows import Lacks, Trains, rows
from benchmarks.papers.runs import Run
from benchmarks.papers.table import table
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.metrics import feature_strength
from ltzoo.training.features import extract_features

SHOTS = "top1 few medium many"
R50 = "resnet50/imagenet_lt"
X50 = "resnext50/imagenet_lt"
CIFAR10 = "resnet32/cifar10_lt/100"
BASELINE = Trains("cross_entropy", "42.2 6.3 34.7 64.2", "nbn")
OURS = Trains("nbn_linear", "47.3 13.4 40.9 67.1", "nbn")

table(
    "nbn", "IV", "variance regularization, ImageNet-LT",
    rows("NBN", "Table IV", {
        "Cross Entropy": "cross_entropy",
        "Variance regularization (α = 0.1)": "variance_regularization",
        "Variance regularization (α = 1)": "variance_regularization_1",
        "NBN": "nbn_linear",
    }),
)  # fmt: skip


def _masked(group: str, figures: str) -> Trains:
    return Trains("cross_entropy", figures, "nbn", measure=masked_accuracy(group))


table(
    "nbn", "V", "masked feature channels, ImageNet-LT",
    rows("NBN", "Table V", {
        "ResNet-50": Trains("cross_entropy", "42.2 6.3 64.2", "nbn"),
        "mask rare-specific channels": _masked("rare", "41.1 5.3 64.1"),
        "mask frequent-specific channels": _masked("frequent", "41.4 6.1 62.9"),
        "mask common channels": _masked("common", "37.1 3.5 58.1"),
    }, R50, "top1 few many"),
)  # fmt: skip
table(
    "nbn", "VI", "places of NBN, CIFAR-10-LT and ImageNet-LT",
    [
        *rows("NBN", "Table VI", {
            "Baseline": "cross_entropy_autoaugment",
            "Type A": "nbn_type_a",
            "Type B": "nbn_type_b",
            "Type C": "nbn_type_c",
            "Ours": "nbn_linear",
        }, CIFAR10),
        *rows("NBN", "Table VI", {
            "Baseline": BASELINE,
            "Type A": "nbn_type_a",
            "Type B": "nbn_type_b",
            "Type C": "nbn_type_c",
            "Ours": OURS,
        }, R50, SHOTS),
    ],
)  # fmt: skip
table(
    "nbn", "VII", "layers that share a magnitude, ImageNet-LT",
    rows("NBN", "Table VII", {
        "cross entropy": BASELINE,
        "not sharing": "nbn_not_shared",
        "partially sharing": "nbn_partly_shared",
        "sharing all (Ours)": OURS,
        "sharing all, own g of the bias (no figure; section IV-B)": Trains(
            "nbn_linear_separate_g", "- - - -", "nbn"
        ),
    }, R50, SHOTS),
)  # fmt: skip
table(
    "nbn", "VIII", "classifier re-training, ImageNet-LT and iNaturalist 2018",
    [
        *rows("NBN", "Table VIII", {
            "Stage 1, Baseline": BASELINE,
            "Stage 1, NBN": OURS,
            "Stage 2, Baseline": "crt",
            "Stage 2, NBN": "nbn_crt_fixed_g",
            "Stage 2, NBN*": "nbn_crt",
        }, R50, SHOTS),
        *rows("NBN", "Table VIII", {
            "Stage 1, Baseline": "cross_entropy",
            "Stage 1, NBN": "nbn_linear",
            "Stage 2, Baseline": "crt",
            "Stage 2, NBN": "nbn_crt_fixed_g",
            "Stage 2, NBN*": "nbn_crt",
        }, "resnet50/inaturalist2018"),
    ],
)  # fmt: skip
table(
    "nbn", "IX", "learned magnitude and normalization, ImageNet-LT",
    rows("NBN", "Table IX", {
        "Cross Entropy": Trains("cross_entropy", "42.2", "nbn"),
        "Ours": Trains("nbn_linear", "47.3", "nbn"),
        "Fix g": "nbn_fixed_g",
        "Ours w/o. normalization": "nbn_unnormalized",
    }, R50),
)  # fmt: skip
table(
    "nbn", "X", "weight normalization of convolutions, CIFAR-10-LT and ImageNet-LT",
    [
        # Table VI has 71.6 and 82.1 for this network, and these figures for type A.
        *rows("NBN", "Table X", {
            "Cross Entropy": Trains("cross_entropy_autoaugment", "78.0 65.7 81.1", "nbn"),
            "NBN": Trains("nbn_linear", "80.0 69.4 82.6", "nbn"),
            "WN": Trains("weight_normalized_convolutions", "78.3 65.5 81.5", "nbn"),
        }, CIFAR10, "top1 medium many"),
        *rows("NBN", "Table X", {
            "Cross Entropy": BASELINE,
            "NBN": OURS,
            "WN": Trains("weight_normalized_convolutions", "42.0 6.9 34.4 63.8", "nbn"),
        }, R50, SHOTS),
    ],
)  # fmt: skip
table(
    "nbn", "XI", "balanced CIFAR-10, CIFAR-100 and ImageNet",
    [
        *rows("NBN", "Table XI", {
            "Cross Entropy": Trains("cross_entropy_autoaugment", "93.8 70.5", "nbn"),
            "Ours": Trains("nbn_linear", "93.4 70.5", "nbn"),
        }, "resnet32/cifar10_lt/1 resnet32/cifar100_lt/1"),
        *rows("NBN", "Table XI", {
            "Cross Entropy (ImageNet is no dataset by name)": Lacks("75.3"),
            "Ours (ImageNet is no dataset by name)": Lacks("75.7"),
        }, "resnet50/imagenet"),
    ],
)  # fmt: skip
table(
    "nbn", "XII", "feature normalization, ImageNet-LT",
    rows("NBN", "Table XII", {
        "ResNet-50": BASELINE,
        "ResNet-50 + feature norm on channel [C]": Trains(
            "feature_norm_channels", "44.5 10.4 37.8 65.0", "nbn"
        ),
        "ResNet-50 + feature norm on channel [C,H,W]": Trains(
            "feature_norm_image", "39.8 0.9 28.9 67.1", "nbn"
        ),
        "ResNet-50 + Ours": OURS,
    }, R50, SHOTS),
)  # fmt: skip
table(
    "nbn", "XIII", "layer and instance normalization, ImageNet-LT",
    rows("NBN", "Table XIII", {
        "ResNet-50": BASELINE,
        "ResNet-50 (replace BN with LN)": Trains("layer_norm_instead", "32.5 4.9 24.5 52.3", "nbn"),
        "ResNet-50 (replace BN with IN)": Trains("instance_norm_instead", "27.9 0.1 15.4 53.4", "nbn"),
        "ResNet-50+LN": Trains("layer_norm_behind", "43.6 11.5 36.9 63.3", "nbn"),
        "ResNet-50+IN": Trains("instance_norm_behind", "27.8 0.2 15.1 53.3", "nbn"),
        "ResNet-50 + Ours": OURS,
    }, R50, SHOTS),
)  # fmt: skip
table(
    "nbn", "XIV", "detection and segmentation, LVIS v1 (mAP, rare, common, frequent; boxes, then masks)",
    rows("NBN", "Table XIV", {
        "Cross Entropy": Lacks("19.9 1.3 16.7 29.3 19.2 0.0 17.2 29.5"),
        "EQL": Lacks("22.0 10.7 18.8 30.6 22.7 15.1 20.4 28.6"),
        "Seesaw Loss": Lacks("25.3 12.7 23.7 32.6 24.7 14.9 23.9 29.8"),
        "Cross Entropy + Ours": Lacks("23.5 9.2 21.0 32.4 22.5 10.3 21.0 29.6"),
        "Seesaw Loss + Ours": Lacks("26.0 14.4 24.5 32.6 25.3 16.1 25.8 29.9"),
    }, "detector/lvis_v1", "box AP_r AP_c AP_f mask mask_r mask_c mask_f"),
)  # fmt: skip
table(
    "nbn", "XV", "NBN and logit rectification (LR), ImageNet-LT",
    rows("NBN", "Table XV", {
        "Cross Entropy": Trains("cross_entropy", "42.2", "nbn"),
        "Cross Entropy + NBN": Trains("nbn_linear", "47.3", "nbn"),
        "Cross Entropy + NBN + LR": "nbn",
        "Balanced Softmax": "balanced_softmax",
        "Balanced Softmax + NBN": "nbn_balanced_softmax_linear",
        "Balanced Softmax + NBN + LR": "nbn_balanced_softmax",
    }, R50),
)  # fmt: skip


def _strength(run: Run, data: LongTailedDataset) -> dict[str, float]:
    """Measure Var(mu) and Var(sigma) of the classifier's inputs on the test images (Eq. 5 and 6)."""
    assert data.test is not None
    found = feature_strength(extract_features(run.model, data.test))
    return {"Var(μ)": found.variance_of_mean, "Var(σ)": found.variance_of_spread}


table(
    "nbn", "XVI", "variance of feature statistics over channels, ImageNet-LT",
    rows("NBN", "Table XVI", {
        "Cross Entropy": Trains("cross_entropy", "0.040 0.152", "nbn", measure=_strength),
        "Ours": Trains("nbn_linear", "0.028 0.074", "nbn", measure=_strength),
    }, R50, "Var(μ) Var(σ)"),
)  # fmt: skip
table(
    "nbn", "XVII", "LogN and logit rectification (LR), ImageNet-LT, ResNeXt-50",
    rows("NBN", "Table XVII", {
        "Cross Entropy": Trains("cross_entropy", "45.8 9.0 39.0 67.2", "nbn"),
        "Balanced Softmax": Trains("balanced_softmax", "51.1 30.2 48.1 62.3", "nbn"),
        "LogN": Trains("log_n", "51.6 35.0 50.3 59.1", "nbn"),
        "Balanced Softmax + LogN": "balanced_softmax_log_n",
        "Balanced Softmax+NBN+LogN": "nbn_balanced_softmax_log_n",
        "Balanced Softmax+NBN+LR": Trains("nbn_balanced_softmax", "53.8 33.4 50.9 64.6", "nbn"),
    }, X50, SHOTS),
)  # fmt: skip
