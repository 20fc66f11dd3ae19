"""Light fine-tuning of a pretrained network."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def lift(epochs: Sequence[int] = (10,)) -> Recipe:
    """LIFT: a frozen pretrained network with adapters, and a cosine classifier that starts from the class means.

    Loss: cross-entropy of z + log(n / N) with z = 25 cos(x, w_c) (logit adjustment, tau = 1). What trains are the
    adapters beside the MLPs of a transformer (`ltzoo.backbones.conversions.adapters`, the released code's option
    `adaptformer`, with its rule for their size) and the class vectors; every weight of the network stays as it is.

    It is meant for a pretrained image encoder, such as `{"name": "keras_hub:clip_vit_base_patch16"}`, a ViT or DINOv2;
    on a network with random weights it has little to tune. LoRA instead of adapters: `recipes.get("lift",
    conversions=[{"name": "lora", "rank": 4, "alpha": 1.0}], trainable=["lora_*"])`.

    Settings of the released code (`utils/config.py`, `trainer.py`, `models/peft_vit.py` and the configurations of its
    backbones): SGD with rate 0.01, momentum 0.9 and weight decay 5e-4 on all that trains, batch 128, 10 epochs (20 on
    iNaturalist 2018), a cosine of the epoch to 0, random resized crops of 224 pixels and flips, scale 25. The paper was
    not at hand; no figure of it is quoted here.

    Deviations: the class vectors start from the class means on every network, as the released code does for an ImageNet
    ViT; for CLIP it uses the text features of the class names. Its test-time ensemble of five crops is left out, and
    half precision is the user's choice (`keras.config.set_dtype_policy`). `ltzoo.recipes.for_dataset` (the command line
    calls it) makes the crops those of ImageNet for images above 96 pixels and pad-crop-flip for smaller ones.
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
