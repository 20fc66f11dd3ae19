"""Images that a model was not trained on, for what is fitted after training."""

import hashlib
import os
from pathlib import Path

import numpy as np

from ltzoo.cli import data as data_module
from ltzoo.cli.evaluate import load_source
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError


def held_out_split(model: str, classifier, source: dict, split: str | None, given: bool):
    """Load the split to fit on, and refuse images that the run trained on.

    Args:
        model: what the command line calls the model.
        classifier: the loaded model.
        source: arguments of the dataset; see `ltzoo.cli.evaluate.source_of`.
        split: "val", "test", or None for "val".
        given: whether the data is another than the one of the training.
    """
    dataset = load_source(dict(source), classifier, whole=given)
    data_module.check_classes(dataset, classifier)
    data_module.check_image_shape(dataset, classifier)
    splits = dataset.splits()
    whole = given and split is None and set(splits) == {"train"}  # A folder without sub-folders for splits.
    chosen = "train" if whole else split or "val"
    if chosen not in splits:
        others = "add --split test to use the test images" if "test" in splits else "give others with --data"
        raise UserError(
            f"The data must have held-out images: it has no {chosen} split; {others}. "
            f"Received: splits {', '.join(splits)}"
        )
    if not given and chosen == "val" and classifier.trains_on_validation:
        more = "add --split test to use the test images, or " if "test" in splits else ""
        raise UserError(
            f"{model} was trained on its validation images too, and calibrated by them; {more}give other images with "
            f"--data. Received: the recipe {classifier.recipe.name}"
        )
    if given:
        _refuse_trained_on(model, classifier, splits[chosen])
    return splits[chosen]


def unlabelled_split(folder: str, classifier, like):
    """Return all images in a folder and its sub-folders, read as the split `like` is."""
    from ltzoo.data import FileSplit
    from ltzoo.data.image_names import is_image, is_system_entry

    paths = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_system_entry(name))
        paths += [
            os.path.join(place, name)
            for name in sorted(names)
            if is_image(name) and not is_system_entry(name)
        ]
    if not paths:
        raise UserError(f"--unlabelled must be a folder with images. Received: {folder}")
    height, width, channels = classifier.image_shape
    resize = getattr(like, "resize", None)
    fit = getattr(like, "image_fit", None) or classifier.image_fit
    return FileSplit(paths, np.zeros(len(paths), "int64"), (height, width), channels, resize, fit)


def _refuse_trained_on(model, classifier, split):
    """Refuse files that are training images of the run, by path or by content."""
    run, paths = RunFolder(model), getattr(split, "paths", None)
    if not run.is_run() or paths is None:
        return
    arguments = run.read()["arguments"]
    if not os.path.isabs(arguments.get("data", "")) or not Path(arguments["data"]).exists():
        return  # A named dataset, or a folder or table that is gone.
    trained = getattr(load_source(dict(arguments), classifier, whole=False).train, "paths", None) or []
    known, sizes = {os.path.realpath(path) for path in trained}, {}
    for path in trained:
        sizes.setdefault(os.path.getsize(path), []).append(path)
    digests: dict[str, bytes] = {}
    common = [path for path in paths if os.path.realpath(path) in known or _is_copy(path, sizes, digests)]
    if common:
        raise UserError(
            f"--data must hold images that the model was not trained on; {len(common)} of {len(paths)} are training "
            f"images of {run.path}, so every figure would be too good. Leave --data out to use the run's own "
            f"validation images. Received: {common[0]}"
        )


def _is_copy(path, sizes, digests):
    same = sizes.get(os.path.getsize(path), ())
    return any(_digest(path, digests) == _digest(other, digests) for other in same)


def _digest(path, digests):
    if path not in digests:
        digests[path] = hashlib.sha256(Path(path).read_bytes()).digest()
    return digests[path]
