"""LFME: three experts on classes of similar frequency, and a student of them."""

from collections.abc import Sequence

from ltzoo.class_counts.groups import GROUPS
from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

_SGD = {"name": "sgd", "momentum": 0.9, "l2": 5e-4}


@register
def lfme(epochs: Sequence[int] = (120, 120, 120, 200)) -> Recipe:
    """Train an expert on the many, medium and few-shot classes each, then a student of all three (LFME).

    Stages 1 to 3 train the experts, each from the same start and on its own classes: batch 128, cosine from 0.1, weight
    decay 5e-4, 120 epochs, as in the released configurations. Stage 4 trains the student on class-aware batches, four
    images per visit: rate 0.1, x0.1 at five and eight ninths of the epochs (50 and 80 of 90), weight decay 5e-4. See
    `ltzoo.techniques.group_experts.student.LearningFromExperts`. The groups are thirds of the classes.

    Xiang et al. have no set-up for CIFAR. Deviations: the student's batch is 128 and it trains 200 epochs, where it is
    256 and 90 on ImageNet-LT. The released networks have one more dense layer before the classifier.

    The papers behind this library report no accuracy but with OLTR: 36.2 % on Places-LT (MiSLAS paper, Table 4).
    """
    return Recipe(
        name="lfme",
        head={"name": "dense"},
        stages=(
            *(
                Stage(
                    epochs=epochs[number],
                    loss={"name": "cross_entropy"},
                    batch_size=128,
                    augmentation=CROP_FLIP,
                    optimizer=_SGD,
                    schedule={"name": "cosine", "learning_rate": 0.1},
                    technique={"name": "group_expert", "group": group},
                    head={"name": "dense"} if number else None,
                    reinitialize_head=number > 0,
                )
                for number, group in enumerate(GROUPS)
            ),
            Stage(
                epochs=epochs[3],
                loss={"name": "cross_entropy"},
                batch_size=128,
                sampler={"strategy": "class_aware", "samples_per_visit": 4},
                augmentation=CROP_FLIP,
                optimizer=_SGD,
                schedule=step_schedule(0.1, epochs[3], (0.1, 0.01), shares=(5 / 9, 8 / 9), warmup=0),
                technique={"name": "learning_from_experts"},
                head={"name": "dense"},
                reinitialize_head=True,
            ),
        ),
        description="Three experts on classes of similar frequency, then a student of them",
        citation="Xiang, Ding and Han, Learning From Multiple Experts: Self-paced Knowledge Distillation for "
        "Long-tailed Classification, ECCV 2020",
    )
