"""Which classes are tail classes, and which of their images become prototypes (CAMC)."""

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts


def tail_threshold(class_counts: Sequence[int] | np.ndarray) -> float:
    """tau where none is given: the median of the training images per class.

    The classes below it are the smaller half. The paper searched tau for each data set: 100 on ImageNet-LT (615 of
    1000 classes) and CIFAR-100-LT; on CIFAR-10-LT 1000 for imbalance factors 10, 20 and 50 (3 to 6 of 10 classes)
    and 200 for 100 and 200 (3 and 4 of 10).
    """
    return float(np.median(ClassCounts(class_counts).array))


def prototype_positions(
    labels: Sequence[int] | np.ndarray, classes: Sequence[int], num_prototypes: int, seed: int = 0
) -> np.ndarray:
    """Which training images give the prototypes: K drawn without replacement from each class.

    A class with n < K images gives all of them, in turns: prototype k comes from image k mod n of the draw. The
    choice for a class depends on the seed and the class alone.

    Args:
        labels: integer labels of the training images, [N].
        classes: the classes that need prototypes.
        num_prototypes: K.
        seed: seed of the draw.

    Returns:
        Positions in `labels`, int64 [len(classes), K].

    Raises:
        ValueError: a class without any image.
    """
    labels = np.asarray(labels)
    chosen = []
    for label in classes:
        members = np.flatnonzero(labels == label)
        if not len(members):
            raise ValueError(
                "Prototypes need at least one training image of every tail class. "
                f"Received: no image of class {label}"
            )
        drawn = np.random.default_rng([seed, int(label)]).permutation(members)
        chosen.append(drawn[np.arange(num_prototypes) % len(drawn)])
    return np.array(chosen, np.int64).reshape(len(classes), num_prototypes)
