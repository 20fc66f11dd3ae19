"""The report of an experiment: figures as PNG files and one self-contained HTML page."""

import base64
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import markupsafe
import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.files import atomic_write
from ltzoo.metrics.alarms import Alarm, learned_nothing
from ltzoo.printable import printable
from ltzoo.report import fonts, style
from ltzoo.report.activation_maps import ActivationMaps
from ltzoo.report.class_table import class_rows
from ltzoo.report.columns import COLUMNS, SECONDS, behind, images_of, percent, table_cells
from ltzoo.report.gallery import Gallery
from ltzoo.report.sections import Picture, sections
from ltzoo.report.templates import template
from ltzoo.version import __version__


def write_report(
    folder: str | os.PathLike,
    *,
    title: str,
    class_counts,
    class_names: Sequence[str] | None,
    results: Mapping,
    weight_norms: Mapping[str, np.ndarray] | None = None,
    histories: Mapping[str, Mapping[str, list]] | None = None,
    seconds: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    activation_maps: ActivationMaps | None = None,
    split: str = "test",
    alarms: Sequence[Alarm] = (),
    gallery: Gallery | None = None,
) -> Path:
    """Write the figures as PNG files, and `report.html` with all of them embedded.

    The page has the results table, the meaning of each column, a table of all classes that can be sorted and searched,
    the pictures of a gallery, and the figures. It loads nothing, so it works without a network.
    The same arguments give the same bytes.
    Every file is written whole or not at all, the page last.

    Args:
        folder: output folder; created if missing. Files of an earlier report are replaced.
        title: heading of the page.
        class_counts: training images per class, `[C]`.
        class_names: names of the classes, `[C]`.
        results: `Result` by model name, in the order of the rows. The last is compared with the first, the baseline.
            Without results the page says that nothing was measured, and has no accuracies.
        weight_norms: norms of the class vectors, `[C]`, by model name.
        histories: lists with one value per epoch (`loss`, `accuracy`, `stage`, ...), by model name.
        seconds: training time in seconds, by model name.
        notes: sentences to show below the table.
        activation_maps: maps of a plain and a calibrated classifier; see `tail_activation_maps`.
        split: name of the split that `results` are of: "test", "val", "train" or a name of your own.
        alarms: signs that the training learned nothing (`ltzoo.metrics.Alarm`), shown on top. Then the figures do not
            come with praise.

    Returns:
        The path of `report.html`.

    Raises:
        TypeError: `split` is not a string.
        ValueError: the classes of `results` or `class_names` do not match `class_counts`.
    """
    counts = ClassCounts(class_counts)
    _check(results, counts, class_names)
    class_names = None if class_names is None else [printable(name) for name in class_names]
    results = _printable_keys(results)
    weight_norms = weight_norms and _printable_keys(weight_norms)
    histories = histories and _printable_keys(histories)
    seconds = seconds and _printable_keys(seconds)
    if not isinstance(split, str) or not split:
        raise TypeError(f"`split` must be the name of a split, such as 'test'. Received: split={split!r}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shown = [
        {"section": section, "pictures": [_write_picture(folder, picture) for picture in section.pictures]}
        for section in sections(
            counts, class_names, results, weight_norms, histories, activation_maps, split, gallery
        )
    ]
    last = list(results)[-1] if results else ""
    sheets = (
        None
        if gallery is None or gallery.classes is None or not gallery.classes.addresses
        else gallery.classes
    )
    cells = [cell for row in table_cells(results).values() for cell in row]
    page = template("template.html", breakable=_breakable).render(
        title=title,
        images=images_of(split),
        labels=_labels(class_names, activation_maps),
        facts=_facts(counts),
        headline=[] if learned_nothing(alarms) else _headline(results),
        alarms=alarms,
        columns=COLUMNS + ((SECONDS,) if seconds is not None else ()),
        rows=table_cells(results, seconds),
        notes=list(notes),
        sections=shown,
        has_intervals=any(cell.interval for cell in cells),
        has_small=any(cell.small for cell in cells),
        behind=behind(results),
        last=last,
        class_rows=class_rows(results[last], counts, class_names, sheets) if results else [],
        sheets=sheets,
        gallery=gallery,
        names=[str(label) for label in range(len(counts))] if class_names is None else class_names,
        percent=percent,
        version=__version__,
    )
    path = folder / "report.html"
    with atomic_write(path) as temporary:
        temporary.write_text(printable(page, keep="\n"), encoding="utf-8")
    return path


def _printable_keys(values):
    return {printable(name): value for name, value in values.items()}


def _check(results: Mapping, counts: ClassCounts, class_names) -> None:
    if class_names is not None and len(class_names) != len(counts):
        raise ValueError(
            "`class_names` must have one name per class of `class_counts`. "
            f"Received: {len(class_names)} names, {len(counts)} counts"
        )
    for name, result in results.items():
        if len(result.per_class) != len(counts):
            raise ValueError(
                "`results` must have the classes of `class_counts`; evaluate on the same dataset. "
                f"Received: {len(result.per_class)} classes for {name!r}, {len(counts)} counts"
            )


def _breakable(name: object) -> markupsafe.Markup:
    """Return an escaped name that a browser may break after an underscore."""
    return markupsafe.Markup("_<wbr>").join(str(name).split("_"))


def _write_picture(folder: Path, picture: Picture) -> dict:
    """Write the PNG file of a picture; return the values that the page shows."""
    buffer = io.BytesIO()
    picture.figure.savefig(buffer, format="png", metadata={"Software": None})
    data = buffer.getvalue()
    with atomic_write(folder / picture.file_name) as temporary:
        temporary.write_bytes(data)
    return {
        "alt": picture.alt,
        "source": "data:image/png;base64," + base64.b64encode(data).decode("ascii"),
        "width": int.from_bytes(data[16:20], "big"),
        "height": int.from_bytes(data[20:24], "big"),
    }


def _facts(counts: ClassCounts) -> str:
    return (
        f"{len(counts):,} classes, {counts.total:,} training images; the largest class has {counts.largest:,}, "
        f"the smallest {counts.smallest:,} (imbalance factor {counts.imbalance_factor:.4g})."
    )


def _labels(
    class_names: Sequence[str] | None, activation_maps: ActivationMaps | None
) -> list[tuple[str, str]]:
    """Return the labels of the figures that differ from the names of their classes, with these names."""
    if class_names is None or (len(class_names) > style.NAMED_CLASSES and activation_maps is None):
        return []
    lengths = (18,) if activation_maps is None else (18, 14)
    labels = [label for length in lengths for label in fonts.class_labels(class_names, length)]
    pairs = zip(labels, list(class_names) * len(lengths), strict=True)
    return list(dict.fromkeys((label, str(name)) for label, name in pairs if label != str(name)))


def _headline(results: Mapping) -> list[dict]:
    """Compare the last model with the first: values and difference in points."""
    if not results:
        return []
    first, last = list(results.values())[0], list(results.values())[-1]
    lines = []
    for field, label in (
        ("few", "Few-shot accuracy"),
        ("balanced", "Balanced accuracy"),
        ("ece", "Calibration error"),
    ):
        before, after = percent(getattr(first, field)), percent(getattr(last, field))
        if len(results) > 1 and "–" not in (before, after):
            difference = float(after) - float(before)
            text = f"{difference:+.1f}".replace("-", "−")
            better = difference <= 0 if field == "ece" else difference >= 0
            lines.append({"label": label, "before": before, "after": after, "points": text, "better": better})
        elif after != "–":
            lines.append({"label": label, "before": "", "after": after, "points": "", "better": True})
    return lines
