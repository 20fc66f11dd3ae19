"""A map of features in the plane: images that the network finds alike lie together."""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

import numpy as np

from ltzoo.data.splits import Split

_MOST = 1500
_LEAST = 30
_BATCH = 64
_COMPONENTS = 50


class FeatureMap(NamedTuple):
    """Points of n images.

    Attributes:
        points: [n, 2].
        labels: true classes [n].
        method: "UMAP", "t-SNE" or "PCA".
        images: number of images in the split, of which n were drawn.
    """

    points: np.ndarray
    labels: np.ndarray
    method: str
    images: int


def feature_map(classifier: Any, split: Split, most: int = _MOST, seed: int = 0) -> FeatureMap | None:
    """Project the pooled features of images to the plane.

    By UMAP if `umap-learn` is installed, else by t-SNE (scikit-learn) of the first 50 principal components. Fewer than
    30 images are projected on their first two principal components.

    Args:
        classifier: a `LongTailedClassifier`.
        split: source of the images.
        most: number of images at most; they are drawn at random, without regard to classes.
        seed: seed of the drawing and the projection.

    Returns:
        the map; None for fewer than three images, or features that are not finite.
    """
    count = len(split.labels)
    if count < 3:
        return None
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[:most])
    features = _features(classifier, split, chosen)
    if not np.isfinite(features).all():
        return None
    points, method = project(features, seed)
    return FeatureMap(points, np.asarray(split.labels)[chosen], method, count)


def project(features: np.ndarray, seed: int = 0) -> tuple[np.ndarray, str]:
    """Return points `[n, 2]` of features `[n, D]`, and the name of the method."""
    features = np.asarray(features, "float64")
    if len(features) < _LEAST or features.shape[1] < 3:
        return _two(_principal(features, 2, seed)), "PCA"
    small = _principal(features, _COMPONENTS, seed)
    if importlib.util.find_spec("umap"):
        from umap import UMAP  # pyright: ignore[reportMissingImports]

        return np.asarray(UMAP(random_state=seed).fit_transform(small)), "UMAP"
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(small), "t-SNE"


def _principal(features, components, seed):
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore"):  # Equal features have no variance to divide by.
        return PCA(min(components, *features.shape), random_state=seed).fit_transform(features)


def _two(points):
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def _features(classifier, split, positions):
    """Compute features in batches of one size, so that the network is compiled once."""
    size, found = min(_BATCH, len(positions)), []
    for start in range(0, len(positions), size):
        part = positions[start : start + size]
        filled = np.concatenate([part, np.full(size - len(part), part[0])])
        found.append(classifier.extract_features_on_batch(np.asarray(split.load(filled)))[: len(part)])
    return np.concatenate(found)
