"""Write the README of a published entry, as the Hugging Face Hub reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ltzoo.class_counts import ClassCounts
from ltzoo.models.publishing.entry import UNKNOWN

if TYPE_CHECKING:
    from ltzoo.models.cards import Card

_METRICS = {
    "top1": ("accuracy", "Top-1 accuracy"),
    "many": ("many_shot_accuracy", "Many-shot accuracy"),
    "medium": ("medium_shot_accuracy", "Medium-shot accuracy"),
    "few": ("few_shot_accuracy", "Few-shot accuracy"),
    "balanced": ("balanced_accuracy", "Balanced accuracy"),
    "ece": ("expected_calibration_error", "Expected calibration error"),
    "nll": ("negative_log_likelihood", "Negative log likelihood"),
}
# The hub's names of usual licenses for weights; any other license is called "other" there.
_LICENSES = (
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0",
    "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "mpl-2.0",
    "epl-2.0", "openrail", "unlicense", "wtfpl", "zlib", UNKNOWN,
)  # fmt: skip


def readme(card: Card, address: str) -> str:
    """Return Markdown with the hub's YAML header: license, library, tags, and measured results as `model-index`.

    Args:
        card: the card of the entry; only its `measured` figures are reported as results.
        address: the address or path of the card, for `ltzoo.models.load`.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    license = card.weights_license or UNKNOWN
    known = license.lower() in _LICENSES
    measured = [
        {"key": key, "type": kind, "label": label, "value": card.measured[key]}
        for key, (kind, label) in _METRICS.items()
        if card.measured is not None and card.measured.get(key) is not None
    ]
    counts = ClassCounts(card.class_counts)
    return environment.get_template("readme.md.jinja").render(
        card=card,
        address=address,
        license=license.lower() if known else "other",
        license_name=None if known else license,
        tags=["keras", "ltzoo", "image-classification", "long-tailed-recognition", str(card.recipe["name"])],
        measured=measured,
        preprocessing=_preprocessing(card),
        backbone=_with_arguments(card.backbone),
        dataset=_with_arguments(card.dataset),
        height=card.input_shape[0],
        width=card.input_shape[1],
        channels=card.input_shape[2],
        images=counts.total,
        largest=counts.largest,
        smallest=counts.smallest,
        classes=counts.num_classes,
    )


def _preprocessing(card):
    given = card.preprocessing
    if not given:
        return None
    if "fit" in given:
        how = (
            "scale each side by itself"
            if given["fit"] == "squash"
            else "scale to fit inside and pad with gray"
        )
        return f"{how} ({given['interpolation']})"
    return (
        f"resize the shorter side to {given['resize']} ({given['interpolation']}), crop the central "
        f"{given['crop']} x {given['crop']} pixels"
    )


def _with_arguments(config):
    rest = ", ".join(f"{key}={value}" for key, value in config.items() if key != "name")
    return str(config["name"]) + (f" ({rest})" if rest else "")
