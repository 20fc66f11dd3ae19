"""The classes that each class is confused with, by mean scores of a trained classifier (FSA section 4.2)."""

from collections.abc import Iterable, Iterator, Sequence

import keras
import numpy as np

from ltzoo.checks import one_of
from ltzoo.heads.inputs import takes_map
from ltzoo.protocols import Classifier, StageView


def class_score_matrix(batches: Iterable[tuple[np.ndarray, np.ndarray]], num_classes: int) -> np.ndarray:
    """Compute S[t, p], the mean softmax score of class p over the training images of class t.

    Args:
        batches: pairs (logits [b, C], integer labels [b]) that together cover all training images.
        num_classes: C.

    Returns:
        float64 [C, C]; each row sums to 1, or to 0 for a class without images.
    """
    sums = np.zeros((num_classes, num_classes))
    counts = np.zeros(num_classes, np.int64)
    for logits, labels in batches:
        order = np.argsort(labels, kind="stable")
        present, start, found = np.unique(labels[order], return_index=True, return_counts=True)
        logits = np.asarray(logits, np.float64)[order]
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        sums[present] += np.add.reduceat(scores, start, axis=0)
        counts[present] += found
    return sums / np.maximum(counts, 1)[:, None]


def confusing_classes(
    scores: np.ndarray,
    num_confusing: int,
    by: str = "rows",
    among: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:
    """Return the other classes that each class is most confused with, the most confusing first.

    Args:
        scores: `class_score_matrix` S, [C, C].
        num_confusing: N_f, number of classes to return for each.
        by: "rows", the paper's definition, selects classes p for which images of class c score high, S[c, p].
            "columns", as in the third-party code, selects classes p whose images score high for c, S[p, c].
        among: the classes to choose from; None for all.

    Returns:
        int64 [C, N_f]. A row with fewer other classes repeats them, starting with the most confusing one. A class that
        is the only choice gets itself.

    Raises:
        ValueError: if `by` is unknown, or `num_confusing` is below 1.
    """
    one_of("by", by, ("rows", "columns"))
    if num_confusing < 1:
        raise ValueError(f"`num_confusing` must be 1 or more. Received: num_confusing={num_confusing}")
    scores = np.array(scores if by == "rows" else np.transpose(scores), np.float64)
    np.fill_diagonal(scores, -1.0)
    if among is not None:
        scores[:, np.setdiff1d(np.arange(len(scores)), among)] = -2.0
    order = np.argsort(-scores, axis=1, kind="stable")
    others = np.maximum((scores >= 0).sum(axis=1, keepdims=True), 1)
    return np.take_along_axis(order, np.arange(int(num_confusing))[None, :] % others, axis=1)


def scored_batches(
    classifier: Classifier, context: StageView, batch_size: int = 1024
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs (logits, labels) of all training images in inference mode, for `class_score_matrix`.

    Args:
        classifier: a `LongTailedClassifier` in the stage that begins.
        context: its `StageContext`.
        batch_size: number of images whose logits are in memory at a time.
    """
    labels = context.dataset.train.labels
    pooled = None if takes_map(classifier.head) else context.features()[0]
    for start in range(0, len(labels), batch_size):
        chosen = np.arange(start, min(start + batch_size, len(labels)))
        inputs = context.feature_maps(chosen, batch_size) if pooled is None else pooled[chosen]
        logits = classifier.head(inputs, training=False)
        yield keras.ops.convert_to_numpy(logits), labels[chosen]
