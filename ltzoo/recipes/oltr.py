"""OLTR: a memory of class centroids behind a trained network."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import first_stage

# The features learn at a tenth of the classifier's rate; the memory as the features.
RATES = {"*/embedding/*": 1.0, "*/query/*": 10.0, "*/selector/*": 10.0, "*/head_*/kernel": 10.0}


@register
def oltr(epochs: Sequence[int] = (200, 60)) -> Recipe:
    """Train with cross-entropy, then classify with a memory of class centroids (Liu et al. 2019).

    Stage 1 has no memory. Stage 2 trains the head "meta_embedding" and the whole network on class-aware batches, four
    images per visit: batch 128, rate 0.01 for the features and the memory and 0.1 for the classifier, x0.1 after each
    third of the epochs, weight decay 5e-4. OLTR has no set-up for CIFAR: stage 2 is that of ImageNet-LT, and stage 1
    is that of MiSLAS without mixup.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 35.6 % with ResNet-10 (FSA
    paper, Table 3).
    """
    return Recipe(
        name="oltr",
        head={"name": "dense"},
        stages=(
            first_stage(epochs[0]),
            Stage(
                epochs=epochs[1],
                loss={"name": "cross_entropy"},
                batch_size=128,
                sampler={"strategy": "class_aware", "samples_per_visit": 4},
                augmentation=CROP_FLIP,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4, "learning_rate_multipliers": RATES},
                schedule=step_schedule(0.01, epochs[1], (0.1, 0.01), shares=(1 / 3, 2 / 3), warmup=0),
                head={"name": "meta_embedding"},
                technique={"name": "discriminative_centroids"},
            ),
        ),
        description="Cross-entropy, then a cosine classifier with a memory of class centroids",
        citation="Liu, Miao, Zhan, Wang, Gong and Yu, Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019",
    )
