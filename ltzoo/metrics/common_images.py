"""Predictions of several classifiers on the images that all of them measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ltzoo.metrics.predictions import Predictions


def common_images(runs: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """Return the predictions of each run on the images that all runs have, in the order of the first run.

    So a run that was measured out of fold on all images can be compared with one that held a tenth of them out.

    Args:
        runs: predictions by name of the run, with names of images.

    Raises:
        ValueError: a run does not name its images, or names one twice, or no image is common to all.
    """
    places = {}
    for name, found in runs.items():
        if found.images is None:
            raise ValueError(f"`runs` must name their images. Received: {name!r}, which does not")
        places[name] = {image: place for place, image in enumerate(found.images)}
        if len(places[name]) < len(found):
            raise ValueError(f"`runs` must name each image once. Received: {name!r} with an image twice")
    first = next(iter(places.values()))
    common = [image for image in first if all(image in place for place in places.values())]
    if not common:
        raise ValueError(f"`runs` must have images in common. Received: none in {', '.join(map(repr, runs))}")
    return {
        name: found.at(np.array([places[name][image] for image in common])) for name, found in runs.items()
    }
