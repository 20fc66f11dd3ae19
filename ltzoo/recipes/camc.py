"""Class activation map calibration, on the network's own maps (CAMC) and on maps of crops (CAMC++)."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Zhang, Lin, Lai, Ding and Wu, Calibrating Class Activation Maps for Long-Tailed Visual Recognition"
)


def camc_stage(epochs: int, **changes: Any) -> Stage:
    """Return a stage in the paper's training set-up: batch 256, momentum 0.9, cosine rate from 0.1 to 0.

    The weight decay of 5e-4 is from Kang et al., whom the paper follows "if not specified".
    """
    return Stage(
        **{
            "epochs": epochs,
            "loss": {"name": "cross_entropy"},
            "batch_size": 256,
            "augmentation": CROP_FLIP,
            "optimizer": {"name": "sgd", "momentum": 0.9, "l2": 5e-4},
            "schedule": {"name": "cosine", "learning_rate": 0.1},
            **changes,
        }
    )


def _stages(epochs, **first):
    calibration = camc_stage(
        epochs[1],
        head={"name": "camc"},
        scale=16.0,
        sampler={"strategy": "class_balanced"},
        trainable="head",
        batch_norm="frozen",
    )
    return camc_stage(epochs[0], scale=0.5, **first), calibration


@register(setup="camc")
def camc(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train class vectors of equal length, then calibrate class activation maps (CAMC, Zhang et al., Eq. 4-8).

    Stage 1 uses the classifier 0.5 <x, w_c / |w_c|> on features x with class vectors w_c (Eq. 7). In stage 2 the
    backbone is frozen. Tail classes score their own calibrated maps, 16 <x_c / |x_c|, w_c / |w_c|> (Eq. 8), with 5
    prototypes each. Batches in stage 2 are class-balanced: the paper's results for tau = 0 (Table III) equal those
    of class-balanced retraining in Table II.

    The tail classes are the smaller half, see `ltzoo.layers.prototypes.tail_threshold`. The paper's tau is 100 on
    CIFAR-100-LT and ImageNet-LT. On CIFAR-10-LT it is 1000 up to imbalance factor 50 and 200 from 100 on:
    `recipes.get("camc", stage2={"head": {"name": "camc", "threshold": 200}})`.

    The paper leaves some choices open, which are made here: the weight decay, the size and the initial weights of
    the fusion, the images of the prototypes (see `ltzoo.heads.camc`), and that stage 2 continues with the class
    vectors of stage 1.

    Expected on CIFAR-10-LT, imbalance factor 100: 79.4 % top-1 (Table V; the paper does not name the backbone).
    """
    return Recipe(
        name="camc",
        head={"name": "normalized_dense", "normalize_features": False},
        stages=_stages(epochs),
        description="Class vectors of equal length, then calibrated class activation maps for the tail classes",
        citation=CITATION,
    )


@register(setup="camc")
def camc_plus_plus(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train `camc` on maps of 5 x 5 shifted crops, each of the size of the image (CAMC++, section III-B, Fig. 4).

    Stage 1 is the first stage of `camc`, trained and measured on whole images. From stage 2 on, each image costs 25
    passes of the backbone, in prediction as well, with the memory of one. The option `crops_at_once` of the conversion
    changes that. `conversions=[{"name": "camc_plus_plus", "grid": 3}]` reduces them to 9, at a loss of 0.3 points on
    ImageNet-LT (Table III). Prototypes are the means of an image's crops.

    Expected on CIFAR-10-LT, imbalance factor 100: 77.1 % top-1 (Table V), less than CAMC. On ImageNet-LT it is
    better, with 55.4 % against 52.4 % for a ResNeXt-50 (Table IV).
    """
    return Recipe(
        name="camc_plus_plus",
        head={"name": "normalized_dense", "normalize_features": False},
        conversions=({"name": "camc_plus_plus", "grid": 5},),
        stages=_stages(epochs, technique={"name": "whole_images"}),
        description="CAMC on maps of shifted crops instead of the network's own maps",
        citation=CITATION,
    )
