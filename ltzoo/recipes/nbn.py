"""Normalized batch normalization alone, with balanced softmax and before cRT; variance regularization."""

import dataclasses
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
    """Return a stage with batch 512; the rate rises from 0.05 to 0.1, then falls to 0 along a cosine.

    The warm-up takes 6 % of the epochs (32 of 520).
    """
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


@register(setup="nbn")
def nbn(epochs: Sequence[int] = (520,)) -> Recipe:
    """Train with cross-entropy on a backbone with NBN layers (Eq. 2) and rectified logits (Eq. 4).

    NBN replaces the last batch normalization of each block in the last stage, and of its shortcut if there is one. All
    share one magnitude. The training set-up follows the Balanced Softmax code, to which the paper refers: batch 512,
    13,000 steps (520 epochs at imbalance factor 100), warm-up, cosine, L2 5e-4, AutoAugment and Cutout 16.

    The released code has no CIFAR configuration. Its ImageNet configurations have no logit rectification; see the
    first stage of `nbn_crt`. The bias starts smoothly from zero, and `conversions=[{"name": "nbn", "bias_radius": 0}]`
    gives the published form. As in the released code, L2 also acts on directions and magnitude.

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


@register(setup="nbn")
def nbn_published(epochs: Sequence[int] = (520,)) -> Recipe:
    """Train `nbn` with the bias in its published form, g beta / |beta|, which jumps at beta = 0 (Eq. 2).

    The figures of the paper were made with this form. `nbn` lets the bias start smoothly from zero.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 81.5 % top-1 (Table I; cross-entropy alone 78.0 %).
    """
    return dataclasses.replace(
        nbn(epochs),
        name="nbn_published",
        conversions=({"name": "nbn", "placement": "paper", "bias_radius": 0},),
        description="Normalized batch normalization in its published form, and logit rectification",
    )


@register(setup="nbn")
def nbn_balanced_softmax(epochs: Sequence[int] = (520,)) -> Recipe:
    """Train `nbn` with balanced softmax ("Balanced Softmax + Ours" of the NBN paper).

    log n_c is added to the rectified logits, where n_c is the number of training images of class c.

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


@register(setup="nbn")
def nbn_crt(epochs: Sequence[int] = (520, 10)) -> Recipe:
    """Retrain the classifier after NBN, and learn the magnitude g in stage 2 as well ("NBN*" of Table VIII).

    Stage 1 is `nbn` with a linear classifier and without rectification, as in the paper's ablations. Stage 2 trains a
    new classifier and g on class-balanced batches, with a cosine from 0.1 over 10 epochs; everything else is frozen.
    Table VIII finds this better than `nbn_crt_fixed_g`.

    The paper has no result on CIFAR-10-LT. On ImageNet-LT with ResNet-50 it reports 50.7 % top-1 (plain cRT 47.4 %),
    and on iNaturalist 2018 66.9 % (plain cRT 65.2 %).
    """
    return _retrained(
        "nbn_crt",
        epochs,
        ("magnitude*",),
        "Normalized batch normalization, then a new classifier and the magnitude on class-balanced batches",
    )


@register(setup="nbn")
def nbn_crt_fixed_g(epochs: Sequence[int] = (520, 10)) -> Recipe:
    """Retrain the classifier after NBN, with all NBN parameters frozen in stage 2 ("NBN" of Table VIII).

    It is `nbn_crt`, but stage 2 trains only the classifier.

    The paper has no result on CIFAR-10-LT. It reports 49.9 % top-1 on ImageNet-LT (ResNet-50) and 65.9 % on
    iNaturalist 2018.
    """
    return _retrained(
        "nbn_crt_fixed_g",
        epochs,
        "head",
        "Normalized batch normalization, then a new classifier on class-balanced batches",
    )


@register(setup="nbn")
def variance_regularization(epochs: Sequence[int] = (520,)) -> Recipe:
    """Penalize the variance of batch normalization's scales and offsets, the alternative to NBN.

    The layers are those that NBN would replace. The strength 0.1 is the better one of Table IV, and the training
    set-up is the one of `nbn`. See `ltzoo.techniques.variance_regularization` for the formula.

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
