"""The sections of a report, each with a caption and one or more pictures."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from matplotlib.figure import Figure

from ltzoo.class_counts import ClassCounts
from ltzoo.report import plots
from ltzoo.report.columns import images_of, percent
from ltzoo.report.gallery import Gallery


class Picture(NamedTuple):
    """A figure, the name of its PNG file, and its alternative text."""

    file_name: str
    alt: str
    figure: Figure


class Section(NamedTuple):
    """A heading, pictures, and a caption below them."""

    heading: str
    caption: str
    pictures: list[Picture]


def sections(
    counts,
    names,
    results: Mapping,
    weight_norms,
    histories,
    activation_maps=None,
    split: str = "test",
    gallery: Gallery | None = None,
) -> list[Section]:
    """Return the sections of a report in order; see `write_report` for the arguments."""
    counts = ClassCounts(counts)
    chosen = [_counts(counts, names)]
    if results:
        chosen += [
            _accuracy(counts, names, results, images_of(split)),
            _confusion(counts, names, results, images_of(split)),
            _reliability(results, images_of(split)),
        ]
    if weight_norms:
        chosen.append(_norms(counts, names, weight_norms))
    if activation_maps is not None:
        chosen.append(_activation_maps(counts, names, activation_maps))
    elif gallery is not None and gallery.evidence is not None:
        chosen.append(_evidence(counts, names, gallery.evidence))
    if gallery is not None and gallery.features is not None:
        chosen.append(_features(counts, gallery.features, images_of(split)))
    if histories:
        chosen.append(_training(histories, results))
    return chosen


def _counts(counts, names) -> Section:
    alt = f"Bar chart of the training images per class, from {counts.largest:,} down to {counts.smallest:,}."
    picture = Picture("class_counts.png", alt, plots.class_counts(counts, names))
    return Section(
        "Training images per class",
        "The data that the classifiers learn from, on a logarithmic axis.",
        [picture],
    )


def _accuracy(counts, names, results: Mapping, images: str) -> Section:
    models = list(results)
    caption = f"Measured on the {images}. Classes from most to fewest training images; the shading shows the groups."
    if len(models) > 1 and len(counts) <= plots.SINGLE_CLASSES:
        caption += f" The line joins {models[0]} and {models[-1]}."
    summary = "; ".join(f"{name}: top-1 {percent(result.top1)} %" for name, result in results.items())
    alt = f"Accuracy per class on the {images}. {summary}."
    return Section(
        "Accuracy per class",
        caption,
        [Picture("class_accuracy.png", alt, plots.class_accuracy(results, counts, names))],
    )


def _confusion(counts, names, results: Mapping, images: str) -> Section:
    """Compare the first model and the last."""
    pictures, files = [], _file_names("confusion_matrix", results)
    for name in dict.fromkeys((list(results)[0], list(results)[-1])):
        alt = f"Confusion matrix of {name} on the {images}; its diagonal averages {percent(results[name].balanced)} %."
        figure = plots.confusion_matrix(results[name], counts, names, title=name)
        pictures.append(Picture(files[name], alt, figure))
    heading = "Confusion matrix" if len(pictures) == 1 else "Confusion matrices"
    caption = f"Of the {images}. Each row is a true class and sums to 100 %; the diagonal is correct."
    return Section(heading, caption, pictures)


def _reliability(results: Mapping, images: str) -> Section:
    """Draw one picture per model, so that they stack on a narrow screen."""
    caption = (
        "On the dashed line, predictions with 80 % confidence are correct in 80 % of cases. The gap is hatched. The "
        f"small panel below shows how many of the {images} have that confidence."
    )
    pictures, files = [], _file_names("reliability_diagram", results)
    for name, result in results.items():
        alt = (
            f"Reliability diagram of {name} on the {images} with {len(result.bin_count)} bins; expected calibration "
            f"error {percent(result.ece)} %."
        )
        figure = plots.reliability_diagram({name: result})
        pictures.append(Picture(files[name], alt, figure))
    return Section("Reliability: confidence against accuracy", caption, pictures)


def _norms(counts, names, weight_norms: Mapping) -> Section:
    caption = (
        "A plain classifier learns longer weight vectors for classes with many images, and so prefers them. "
        "A classifier that normalizes its weights stays at 1."
    )
    models = ", ".join(weight_norms)
    alt = f"Norm of the weight vector of each class, relative to the mean of the model, of {models}."
    picture = Picture("weight_norms.png", alt, plots.weight_norms(weight_norms, counts, names))
    return Section("Weight norms of the classifier", caption, [picture])


def _activation_maps(counts, names, maps) -> Section:
    caption = (
        "Where the classifier finds evidence for the true class in images of small classes; bright is strong. Top: the "
        "plain class vectors of the previous stage. Bottom: calibrated by the class's prototypes. The name below a "
        "map is the prediction, green if it is correct."
    )
    plain, calibrated = (
        int((guesses == maps.labels).sum()) for guesses in (maps.plain_predictions, maps.predictions)
    )
    alt = (
        f"Class activation maps of {len(maps.labels)} images of small classes, by the plain classifier ({plain} "
        f"correct) and the calibrated one ({calibrated} correct)."
    )
    picture = Picture("activation_maps.png", alt, plots.activation_maps(maps, counts, names))
    return Section("Class activation maps: plain and calibrated", caption, [picture])


def _evidence(counts, names, maps) -> Section:
    heading = "Where the classifier finds evidence"
    if isinstance(maps, str):
        return Section(heading, f"There are no class activation maps. {maps}", [])
    caption = (
        "Class activation maps of images of the smallest classes: what the classifier says of each place in the image "
        "for the true class, and for the predicted one where that is wrong; bright is strong."
    )
    right = int((maps.labels == maps.predictions).sum())
    alt = f"Class activation maps of {len(maps.labels)} images of small classes, {right} of them classified correctly."
    return Section(heading, caption, [Picture("evidence.png", alt, plots.evidence_maps(maps, counts, names))])


def _features(counts, found, images: str) -> Section:
    drawn = (
        "" if len(found.points) == found.images else f" {len(found.points):,} of {found.images:,} were drawn."
    )
    caption = (
        f"One point for each of the {images}; points that are close have similar features. Dark classes have few "
        f"training images. The plane is made by {found.method}; only nearness has a meaning, not directions.{drawn}"
    )
    alt = f"Features of {len(found.points):,} {images} in the plane, by {found.method}, colored by class frequency."
    return Section(
        "Map of the features", caption, [Picture("feature_map.png", alt, plots.feature_map(found, counts))]
    )


def _training(histories: Mapping, results: Mapping) -> Section:
    caption = (
        "Loss and accuracy per epoch. A dotted line separates two stages. Losses of different methods have "
        "different scales."
    )
    alt = f"Loss and accuracy by epoch of {', '.join(histories)}."
    return Section(
        "Training",
        caption,
        [Picture("training_curves.png", alt, plots.training_curves(histories, list(results)))],
    )


def _file_names(kind: str, models: Iterable[str]) -> dict[str, str]:
    """Return a short file name of plain letters per model; equal ones get a number."""
    taken: dict[str, str] = {}
    for number, model in enumerate(models, start=1):
        slug = re.sub(r"[^a-z0-9]+", "_", model.lower()).strip("_")[:60] or "model"
        name = f"{kind}_{slug}.png"
        taken[model] = name if name not in taken.values() else f"{kind}_{slug}_{number}.png"
    return taken
