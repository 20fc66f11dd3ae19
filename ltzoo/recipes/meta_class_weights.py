"""Deferred class weights that meta-learning corrects per image."""

from collections.abc import Sequence

from ltzoo.recipes.meta_weight_net import META_PAIRS
from ltzoo.recipes.one_run import deferred
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def meta_class_weights(epochs: Sequence[int] = (160, 40)) -> Recipe:
    """Train with cross-entropy, then with class weights that are corrected per image (Jamal et al. 2020).

    The correction is a gradient through a virtual step; see the technique "meta_class_weights". As released: batch
    100, weight decay 5e-4, SGD with Nesterov momentum and rate 0.1, multiplied by 0.01 at 160 and at 180 of 200
    epochs. The meta images are those of the training set, drawn class by class; the paper has 10 more images per class
    instead.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 76.4 % top-1 (CAMC paper, Table V).
    """
    return Recipe(
        name="meta_class_weights",
        head={"name": "dense"},
        stages=deferred(
            epochs,
            {},
            {"sampler": META_PAIRS, "technique": {"name": "meta_class_weights"}},
            batch_size=100,
            optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4, "nesterov": True},
        ),
        description="Cross-entropy, then class weights with a correction per image from a virtual step",
        citation="Jamal, Brown, Yang, Wang and Gong, Rethinking Class-Balanced Methods for Long-Tailed Visual "
        "Recognition from a Domain Adaptation Perspective, CVPR 2020",
    )
