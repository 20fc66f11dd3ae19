"""Light fine-tuning of a pretrained network."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def lift(epochs: Sequence[int] = (10,)) -> Recipe:
    """Train adapters and a cosine classifier on a frozen pretrained network (LIFT).

    The loss is the cross-entropy of z + log(n / N), that is logit adjustment with tau = 1. Here z = 25 cos(x, w_c) for
    features x and class vectors w_c, and n / N are the class shares. Only the class vectors and the adapters train.
    The adapters are next to the MLPs of a transformer (`ltzoo.backbones.conversions.adapters`). They are the released
    code's option `adaptformer`, with its rule for their size. The classifier starts from the class means.

    It is meant for a pretrained image encoder, such as `{"name": "keras_hub:clip_vit_base_patch16"}`, a ViT or DINOv2.
    On a network with random weights it has little to tune. For LoRA instead of adapters, use `recipes.get("lift",
    conversions=[{"name": "lora", "rank": 4, "alpha": 1.0}], trainable=["lora_*"])`.

    The settings are from the released code (`utils/config.py`, `trainer.py`, `models/peft_vit.py` and the
    configurations of its backbones). SGD has rate 0.01, momentum 0.9 and weight decay 5e-4 on all trained weights. It
    runs 10 epochs (20 on iNaturalist 2018) of batch 128, with a cosine per epoch to 0. Augmentation is random resized
    crops of 224 pixels and flips; the scale is 25. The paper was not available, so none of its results is quoted.

    Deviations: the class vectors start from the class means on every network. The released code does so for an
    ImageNet ViT, but uses text features of the class names for CLIP. Its test-time ensemble of five crops is left out.
    Half precision is the user's choice (`keras.config.set_dtype_policy`). `ltzoo.recipes.for_dataset`, which the
    command line calls, selects ImageNet's crops for images above 96 pixels and pad-crop-flip for smaller ones.
    """
    return Recipe(
        name="lift",
        conversions=({"name": "adapters"},),
        head={"name": "class_mean_cosine"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "logit_adjustment", "tau": 1.0},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
                schedule={"name": "cosine", "learning_rate": 0.01},
                trainable=("adapter_*",),
                batch_norm="frozen",
                scale=25.0,
            ),
        ),
        description="Adapters and a cosine classifier on a frozen pretrained network",
        citation="Shi et al., Long-Tail Learning with Foundation Model: Heavy Fine-Tuning Hurts, ICML 2024",
    )
