"""scikit-learn's logistic regression on the features that the recipe `transfer` uses.

    python -m benchmarks.folders.logistic_regression --data FOLDER --out RUN --image-size 128 --seed 0

FOLDER has train/ and test/ with one folder per class. The features are those of `transfer`: the network, its depths and
its four views of each image. They are standardized. The strength of the penalty and whether classes have equal weights
are those of the highest balanced accuracy in stratified cross-validation on the training images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.folders.outcome import save

GRID = {
    "logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1],
    "logisticregression__class_weight": [None, "balanced"],
}
FOLDS = 3


def features_of(folder: Path, size: int, seed: int):
    """Return (features [N, D], labels [N], paths) of the training and of the test images, and the class names."""
    import ltzoo
    from ltzoo.training.features import extract_features

    data = ltzoo.data.from_directory(
        folder, image_size=(size, size), fit="auto", validation_fraction=0.0, check=False
    )
    network = ltzoo.recipes.default_network("transfer")
    model = ltzoo.models.build(network, "transfer", data, seed=seed)
    splits = [
        (extract_features(model, split), np.asarray(split.labels), split.paths)
        for split in (data.train, data.test)
    ]
    return *splits, data.class_names


def classifier(features: np.ndarray, labels: np.ndarray, seed: int):
    """Return the fitted classifier of the best setting of `GRID`; of the middle one where a class has one image."""
    steps = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = min(FOLDS, np.bincount(labels).min())
    if folds < 2:
        return steps.set_params(logisticregression__C=1e-3).fit(features, labels)
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    search = GridSearchCV(steps, GRID, scoring="balanced_accuracy", cv=parts).fit(features, labels)
    print(search.best_params_, f"{search.best_score_:.4f}")
    return search.best_estimator_


def main(words: list[str] | None = None) -> None:
    """Train, predict the test images and write `predictions.csv`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    (features, labels, _), (test, _, paths), names = features_of(given.data, given.image_size, given.seed)
    fitted = classifier(features, labels, given.seed)
    save(given.out, given.data, paths, fitted.predict_proba(test), names)


if __name__ == "__main__":
    main()
