"""Normalized batch normalization by itself, with balanced softmax and before cRT; variance regularization."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = "Bao et al., Normalizing Batch Normalization for Long-Tailed Recognition, 2024"
CONVERSIONS = ({"name": "nbn", "placement": "paper"},)
AUGMENTATION = (*CROP_FLIP, {"name": "auto_augment"}, {"name": "cutout", "size": 16})
SGD = {"name": "sgd", "momentum": 0.9, "l2": 5e-4}


def _stage(epochs: int, loss: Mapping[str, Any], **changes: Any) -> Stage:
    """Batch 512, 0.05 rising to 0.1 in the first 6 % of the epochs (32 of 520), then cosine to 0 in the last."""
    warmup = round(epochs * 32 / 520)
    schedule = {"name": "cosine", "learning_rate": 0.1}
    if warmup:
        schedule |= {"warmup_epochs": warmup, "warmup_start": 0.05, "period": epochs - warmup}
    return Stage(
        **{
            "epochs": epochs,
            "loss": loss,
            "batch_size": 512,
            "augmentation": AUGMENTATION,
            "optimizer": SGD,
            "schedule": schedule,
            **changes,
        }
    )


@register
def nbn(epochs: Sequence[int] = (520,)) -> Recipe:
    """Cross-entropy on a backbone with NBN layers (Eq. 2) and rectified logits (Eq. 4).

    NBN in the last batch normalization of each block of the last stage (and on its shortcut where there is one), one
    magnitude for all. The training set-up is that of the Balanced Softmax code, which the paper refers to: batch 512,
    13,000 steps (520 epochs at imbalance factor 100), warm-up, cosine, l2 5e-4, AutoAugment, Cutout 16.

    The released code has no CIFAR configuration, and no logit rectification in its ImageNet configurations (that is
    the first stage of `nbn_crt`). The bias starts smoothly from zero; `conversions=[{"name": "nbn",
    "bias_radius": 0}]` is the published form. Like the released code, l2 acts on directions and magnitude too.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 81.5 % top-1 (Table I; cross-entropy alone 78.0 %).
    """
    return Recipe(
        name="nbn",
        head={"name": "rectified"},
        stages=(_stage(epochs[0], {"name": "cross_entropy"}),),
        conversions=CONVERSIONS,
        description="Normalized batch normalization and logit rectification, trained with cross-entropy",
        citation=CITATION,
    )


@register
def nbn_balanced_softmax(epochs: Sequence[int] = (520,)) -> Recipe:
    """Balanced softmax on a backbone with NBN layers (Eq. 2) and rectified logits (Eq. 4); else as `nbn`.

    log n_c is added to the rectified logits, as in "Balanced Softmax + Ours".

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 84.1 % top-1 (Table I; balanced softmax alone 83.6 %).
    """
    return Recipe(
        name="nbn_balanced_softmax",
        head={"name": "rectified"},
        stages=(_stage(epochs[0], {"name": "balanced_softmax"}),),
        conversions=CONVERSIONS,
        description="Normalized batch normalization and logit rectification, trained with balanced softmax",
        citation=f"{CITATION}; Ren et al., Balanced Meta-Softmax for Long-Tailed Visual Recognition, NeurIPS 2020",
    )


def _retrained(name, epochs, trainable, description):
    return Recipe(
        name=name,
        head={"name": "dense"},
        stages=(
            _stage(epochs[0], {"name": "cross_entropy"}),
            Stage(
                epochs=epochs[1],
                loss={"name": "cross_entropy"},
                batch_size=512,
                sampler={"strategy": "class_balanced"},
                augmentation=AUGMENTATION,
                optimizer=SGD,
                schedule={"name": "cosine", "learning_rate": 0.1},
                trainable=trainable,
                batch_norm="frozen",
                reinitialize_head=True,
            ),
        ),
        conversions=CONVERSIONS,
        description=description,
        citation=f"{CITATION}; Kang et al., Decoupling Representation and Classifier, ICLR 2020 (stage 2)",
    )


@register
def nbn_crt(epochs: Sequence[int] = (520, 10)) -> Recipe:
    """Classifier re-training after NBN, with the magnitude g learned in stage 2 too ("NBN*" of Table VIII).

    Stage 1: as `nbn`, with a linear classifier without rectification, as in the paper's ablations. Stage 2: a new
    classifier and g on class-balanced batches, everything else frozen, cosine from 0.1 over 10 epochs. This is the
    better one of Table VIII; `nbn_crt_fixed_g` is the other.

    The paper has results on ImageNet-LT (50.7 % top-1, ResNet-50; plain cRT 47.4 %) and iNaturalist 2018 (66.9 %;
    65.2 %), none on CIFAR-10-LT.
    """
    return _retrained(
        "nbn_crt",
        epochs,
        ("magnitude*",),
        "Normalized batch normalization, then a new classifier and the magnitude on class-balanced batches",
    )


@register
def nbn_crt_fixed_g(epochs: Sequence[int] = (520, 10)) -> Recipe:
    """Classifier re-training after NBN, with all NBN parameters fixed in stage 2 ("NBN" of Table VIII).

    As `nbn_crt`, but stage 2 trains the classifier only. ImageNet-LT: 49.9 % top-1 (ResNet-50); iNaturalist 2018:
    65.9 %; none on CIFAR-10-LT.
    """
    return _retrained(
        "nbn_crt_fixed_g",
        epochs,
        "head",
        "Normalized batch normalization, then a new classifier on class-balanced batches",
    )


@register
def variance_regularization(epochs: Sequence[int] = (520,)) -> Recipe:
    """Cross-entropy and the variance of the batch normalization's scales and offsets, the alternative to NBN.

    The layers are those that NBN would replace, the strength is the better one of Table IV, 0.1, and the training that
    of `nbn`; see `ltzoo.techniques.variance_regularization` for the formula.

    The paper has one result, on ImageNet-LT: 44.9 % top-1 (ResNet-50; cross-entropy 42.2 %, NBN 47.3 %).
    """
    technique = {"name": "variance_regularization", "strength": 0.1}
    return Recipe(
        name="variance_regularization",
        head={"name": "dense"},
        stages=(_stage(epochs[0], {"name": "cross_entropy"}, technique=technique),),
        description="Cross-entropy with a penalty on uneven batch normalization parameters",
        citation=CITATION,
    )
