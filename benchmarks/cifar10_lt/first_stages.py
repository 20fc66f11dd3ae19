"""Train first stages that several recipes share only once: cRT, LWS and MiSLAS only differ in their second stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo.models import LongTailedClassifier
from ltzoo.models.first_stages import SharedFirstStage, described
from ltzoo.training.fit import identity


def first_stage_of(
    classifier: LongTailedClassifier, folder: Path, data: Mapping[str, Any], seed: int
) -> SharedFirstStage:
    """Return the callback that keeps the first stage of a run, or takes it from a run with the same one.

    `ltzoo train --reuse` looks at files, weights and library as well. The rows of a benchmark have all this in common,
    but the data and the settings that `data` describes.

    Args:
        classifier: a newly built classifier.
        folder: folder of the kept first stages.
        data: describes the training data, for JSON.
        seed: seed of the run.
    """
    known = {
        **described(classifier.recipe, classifier.class_counts),
        "data": dict(data),
        "run": {**identity(classifier, seed), "recipe": None},
    }
    return SharedFirstStage(classifier, known, classifier.recipe.name, folder)
