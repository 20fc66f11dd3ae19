"""Choice of tail classes, and of the images that become their prototypes (CAMC)."""

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts


def tail_threshold(class_counts: Sequence[int] | np.ndarray) -> float:
    """Return the default of tau: the median number of training images per class.

    Classes below it form the smaller half. The paper searched tau for each dataset. On ImageNet-LT and CIFAR-100-LT it
    is 100. On CIFAR-10-LT it is 1000 for imbalance factors 10, 20 and 50 (3 to 6 of 10 classes) and 200 for 100 and 200
    (3 and 4 of 10).

    Classes with less than tau images are tail classes (section III-B), 609 of 1000 on ImageNet-LT. The paper also calls
    these the medium and few-shot classes, which have up to 100 images and are 615; a threshold of 101 takes them.
    """
    return float(np.median(ClassCounts(class_counts).array))


def prototype_positions(
    labels: Sequence[int] | np.ndarray, classes: Sequence[int], num_prototypes: int, seed: int = 0
) -> np.ndarray:
    """Choose the training images of the prototypes: K drawn without replacement from each class.

    A class with n < K images gives all of them, in turns: prototype k comes from image k mod n of the draw. The choice
    for a class depends only on the seed and the class.

    Args:
        labels: integer labels of the training images [N].
        classes: classes that need prototypes.
        num_prototypes: K.
        seed: seed of the draw.

    Returns:
        positions in `labels`, int64 [len(classes), K].

    Raises:
        ValueError: if a class has no image.
    """
    labels = np.asarray(labels)
    chosen = []
    for label in classes:
        members = np.flatnonzero(labels == label)
        if not len(members):
            raise ValueError(
                "`labels` must hold at least one training image of every class in `classes`. "
                f"Received: no image of class {label}"
            )
        drawn = np.random.default_rng([seed, int(label)]).permutation(members)
        chosen.append(drawn[np.arange(num_prototypes) % len(drawn)])
    return np.array(chosen, np.int64).reshape(len(classes), num_prototypes)
