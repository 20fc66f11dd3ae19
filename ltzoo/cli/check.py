"""`ltzoo check`: look for what may be wrong with images before training on them."""

import json
import shlex
from pathlib import Path

import click

from ltzoo.cli import places, table_options
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import console, echo
from ltzoo.cli.options import Command, ImageSize
from ltzoo.cli.run_folder import write_json
from ltzoo.cli.table_options import is_table
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import UserError
from ltzoo.cli.workers_option import workers_option
from ltzoo.phases import phase

# What --strict fails for; the other kinds are hints.
SERIOUS = (
    "unreadable", "exact_duplicates", "near_duplicates", "suspicious_label", "not_trained", "blank",
)  # fmt: skip
_PAGE = "check.html"


@click.command(
    cls=Command,
    short_help="Look for wrong labels, duplicates and bad files.",
    epilog="""\b
Examples:
  ltzoo check photos/
  ltzoo check photos/ --out check.html --write exclude.csv
  ltzoo train --data photos/ --exclude exclude.csv --out runs/photos
  ltzoo check photos/ --no-features --json found.json
  ltzoo check survey.csv --image-column file --label-column species

\b
The exit code is 0 also if something is found; --strict makes it 1 for unreadable, blank or duplicate images,
suspicious labels and classes without training images.""",
)
@click.argument("path", metavar="FOLDER|TABLE")
@click.option("--out", metavar="HTML|FOLDER", help=f"Write a page with pictures; in a folder: {_PAGE}.")
@click.option("--write", metavar="CSV", help="Write a list of images to leave out, for --exclude.")
@click.option(
    "--write-labels", is_flag=True, help="Also put images with suspicious labels on the list of --write."
)
@click.option("--json", "json_path", metavar="PATH", help="Write all findings to this file; - prints them.")
@click.option(
    "--no-features",
    is_flag=True,
    help="Use no network: several times faster, but finds no suspicious labels.",
)
@click.option(
    "--max-features",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Most images whose labels are checked; of more, each class gives an equal number.",
)
@click.option(
    "--few",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="Classes with fewer training images are tiny.",
)
@click.option("--image-size", type=ImageSize(), help="Size of the images in training (default 128).")
@click.option("--strict", is_flag=True, help="Exit with code 1 if something serious is found.")
@click.option("--image-root", metavar="PATH", help="Folder that the paths in a table are relative to.")
@table_options.column_options
@workers_option
def check(path, out, write, write_labels, json_path, strict, workers, **options):
    """Look for exact and near duplicates, suspicious labels, unreadable files, tiny classes and more.

    FOLDER has one sub-folder of images per class, or train, val and test folders of that kind. Every image is read
    once. Nothing is changed.
    """
    page = _check_targets(path, out, write, write_labels, json_path, options)
    source = Path(path).expanduser()
    if is_table(path):
        table_options.check_table({**options, "data": str(source)})
    elif not source.is_dir():
        raise UserError(
            "FOLDER|TABLE must be a folder with one sub-folder of images per class, or "
            f"{table_options.WORDS}. Received: {path}"
        )
    # Standard output is the result, where it is JSON.
    with talking("" if json_path == "-" else f"checking the images of {path}", err=json_path == "-"):
        found = _audit(source, options)
        if page is not None:
            from ltzoo.report.audit_page import write_audit

            write_audit(found, page)
    if write is not None:
        from ltzoo.data.exclusions import write_exclusions

        exclusions = found.exclusions(labels=write_labels)
        write_exclusions(Path(write).expanduser(), exclusions)
    if json_path == "-":
        click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        if json_path is not None:
            write_json(Path(json_path).expanduser(), found.to_dict())
        _print(found)
        if page is not None:
            echo(f"pictures: {page}")
        else:
            echo("--out check.html writes a page with pictures")
        if write is not None:
            echo(
                f"{len(exclusions):,} images listed in {write}; leave them out by: "
                f"ltzoo train --data {shlex.quote(path)} --exclude {shlex.quote(write)} --out RUN"
            )
    if strict and any(finding.kind in SERIOUS for finding in found.findings):
        raise click.exceptions.Exit(1)


def _check_targets(path, out, write, write_labels, json_path, options) -> Path | None:
    """Check where files will be written, before anything slow begins; return the path of the page."""
    if write_labels and (write is None or options["no_features"]):
        raise UserError(
            "--write-labels needs --write, and no --no-features. Received: --write-labels"
            + (" with --no-features" if options["no_features"] else " without --write")
        )
    if not is_table(path):
        for key in ("image_column", "label_column", "split_column", "image_root"):
            if options[key] is not None:
                raise UserError(
                    f"--{key.replace('_', '-')} does not apply: it is for tables. Received: {options[key]}"
                )
    for option, value in (("--write", write), ("--json", None if json_path == "-" else json_path)):
        if value is not None:
            places.new_file(option, value, overwrite=True)
            places.folder(f"The folder of {option}", str(Path(value).expanduser().parent))
    if out is None:
        return None
    target = Path(out).expanduser()
    if target.suffix.lower() in (".html", ".htm"):
        places.new_file("--out", out, overwrite=True)
        return target
    places.new_folder("--out", out)
    return target / _PAGE


def _audit(source: Path, options: dict):
    """Return the audit of a folder or table."""
    from ltzoo import data

    size = options["image_size"]
    arguments = {
        "feature_images": options["max_features"],
        "few": options["few"],
        "image_size": 128 if size is None else min(size),
    }
    if options["no_features"]:
        arguments["encoder"] = None
    else:
        with phase("loading Keras"):
            use_backend()
    what = source
    if is_table(str(source)):
        columns = table_options.table_arguments(options)
        root = options["image_root"]
        what = data.from_table(source, image_root=root, check=False, validation_fraction=0.0, **columns)
    return data.audit(what, **arguments)


def _print(found) -> None:
    """Print a line per kind, with the number of findings and the worst of them."""
    from rich.table import Table

    from ltzoo.data.auditing.findings import KINDS
    from ltzoo.printable import printable

    images = found.images
    echo(
        f"{len(images):,} images in {len(images.class_names):,} classes, {found.seconds:.0f} s; "
        + (f"labels of {found.compared:,} images checked" if found.compared else "labels not checked")
    )
    if not found.findings:
        echo("nothing found")
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for kind, words in KINDS.items():
        own = found.of(kind)
        if own:
            count = sum(len(f.images) for f in own) if kind in ("long", "small") else len(own)
            number = "" if kind in ("gray", "mixed_sizes", "groups") else f"{count:,}"
            table.add_row(number, words.heading.lower(), printable(_shown(found, own)))
    console().print(table)


def _shown(found, own) -> str:
    """Return what is said of the findings of one kind: the worst of them, and how many cross splits and classes."""
    first = own[0]
    if first.kind in ("exact_duplicates", "near_duplicates"):
        counts = [
            f"{number:,} {words}"
            for number, words in (
                (sum(len(finding.facts["splits"]) > 1 for finding in own), "across splits"),
                (sum(len(finding.facts["classes"]) > 1 for finding in own), "across classes"),
            )
            if number
        ]
        pair = " = ".join(found.images.name(p) for p in first.images[:2])
        return "; ".join(["groups" + (f", {' and '.join(counts)}" if counts else ""), pair])
    return first.text
