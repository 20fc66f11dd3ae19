"""Images that a model was not trained on, for what is fitted after training."""

import os
from pathlib import Path

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.cli import data as data_module
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.same_images import check_same, perhaps_trained_on
from ltzoo.cli.sources import load_source
from ltzoo.cli.user_errors import UserError
from ltzoo.data.copies import copies_of
from ltzoo.printable import shown_address


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
    if not given:
        check_same(model, dataset, chosen)
    else:
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


def unseen_images(model: str, classifier, split):
    """Return the images of a split that are no training images of the run, by path or by content.

    Warns:
        UserWarning: some are left out, or the training images are not there to compare with.

    Raises:
        UserError: more than half of them were trained on.
    """
    trained = _trained_files(model, classifier)
    if trained is None:
        warn_caller(
            f"the training images of {shown_address(model)} are not known here, so that it may have been trained on "
            "some of the test images"
        )
        return split
    paths = getattr(split, "paths", None) or []
    copies = copies_of(paths, trained)
    if not copies:
        return split
    example = f"such as {paths[next(iter(copies))]}"
    if 2 * len(copies) > len(paths):
        raise UserError(
            "--test must hold images that the model was not trained on. "
            f"Received: {len(copies)} of {len(paths)} images that it was trained on, {example}"
        )
    warn_caller(f"left out {len(copies)} of {len(paths)} images, which the model was trained on, {example}")
    return split.subset([position for position in range(len(paths)) if position not in copies])


def _refuse_trained_on(model, classifier, split):
    """Refuse files that are training images of the run, by path or by content."""
    paths = getattr(split, "paths", None) or []
    copies = copies_of(paths, _trained_files(model, classifier) or [])
    if copies:
        raise UserError(
            f"--data must hold images that the model was not trained on; {len(copies)} of {len(paths)} are training "
            f"images of {RunFolder(model).path}, so every figure would be too good. Leave --data out to use the run's "
            f"own validation images. Received: {paths[next(iter(copies))]}"
        )


def _trained_files(model, classifier) -> list[str] | None:
    """Return the files that a run was trained on; None without a run, or if they are gone or a named dataset's."""
    run = RunFolder(model)
    if not run.is_run():
        return None
    arguments = {
        key: value for key, value in run.read()["arguments"].items() if key != "test"
    }  # May be gone.
    if not os.path.isabs(arguments.get("data", "")) or not Path(arguments["data"]).exists():
        return None
    dataset = load_source(arguments, classifier, whole=False)
    trained = perhaps_trained_on(run, dataset)
    if dataset.val is not None and classifier.trains_on_validation and "val" not in trained:
        trained.append("val")
    return [path for name in trained for path in getattr(dataset.splits()[name], "paths", ())]
