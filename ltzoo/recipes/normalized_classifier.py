"""The classifiers of CAMC's Table II, in one stage on all images."""

from collections.abc import Sequence

from ltzoo.recipes.camc import CITATION, camc_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


def _recipe(name, epochs, scale, learn_scale, description):
    head = {"name": "normalized_dense", "normalize_features": False, "learn_scale": learn_scale}
    return Recipe(
        name=name,
        head=head,
        stages=(camc_stage(epochs[0], scale=scale),),
        description=description,
        citation=CITATION,
    )


@register(setup="camc")
def normalized_classifier(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with logits g <x, w_c / |w_c|> and a fixed g = 0.5 (CAMC, Eq. 7; "Norm FC, g*" of Table II).

    x are the features and w_c the class vectors. `scale=1.0` gives "Norm FC, g = 1". The table's linear classifier is
    the recipe `cross_entropy`, and its nearest class mean is `ncm`. This recipe is stage 1 of `camc`.

    The paper has no result on CIFAR-10-LT. On ImageNet-LT with a ResNeXt-50 it reports 48.1 % top-1, and 46.4 % for
    the linear classifier.
    """
    return _recipe("normalized_classifier", epochs, 0.5, False, "Class vectors of one fixed length")


@register(setup="camc")
def weight_normalization(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with logits g_c <x, w_c / |w_c|> and one learned g_c per class (Salimans and Kingma, 2016; CAMC, Table II).

    x are the features and w_c the class vectors. Every g_c starts at 1, as the shared g does in the paper.

    The paper has no result on CIFAR-10-LT. On ImageNet-LT with a ResNeXt-50 it reports 46.8 % top-1.
    """
    return _recipe("weight_normalization", epochs, 1.0, "per_class", "Class vectors of learned lengths")


@register(setup="camc")
def weight_normalization_shared(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with logits g <x, w_c / |w_c|> and one learned g that starts at 1 ("Weight Norm-g" of CAMC, Table II).

    x are the features and w_c the class vectors. The paper has no result on CIFAR-10-LT. On ImageNet-LT with a
    ResNeXt-50 it reports 42.8 % top-1.
    """
    return _recipe("weight_normalization_shared", epochs, 1.0, True, "Class vectors of one learned length")
