"""`ltzoo check`: look for what may be wrong with images before training on them."""

import json
import os
import shlex
from pathlib import Path

import click

from ltzoo.cli import places, table_options
from ltzoo.cli.audit_lines import print_audit
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
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
            _load_keras()  # The package of reports needs it.
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
        print_audit(found)
        for finding in found.of("groups"):  # A line that can be copied.
            rule = shlex.quote(finding.facts["rule"])
            echo(
                f"keep such images together by: ltzoo train --data {shlex.quote(path)} --group-by {rule} --out RUN"
            )
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
    targets = {"--write": write, "--json": None if json_path == "-" else json_path, "--out": out}
    if out is not None and Path(out).suffix.lower() not in (".html", ".htm"):
        places.new_folder("--out", out)
        targets["--out"] = str(Path(out) / _PAGE)
    taken = {_place(path): "the images"}
    for option, target in targets.items():
        if target is None:
            continue
        places.new_file(option, target, overwrite=True)
        if option != "--out":
            places.folder(f"The folder of {option}", str(Path(target).expanduser().parent))
        before = taken.setdefault(_place(target), option)
        if before != option:
            raise UserError(f"{option} must be another file than {before}. Received: {target}")
    return None if out is None else Path(str(targets["--out"])).expanduser()


def _place(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))


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
        _load_keras()
    if not is_table(str(source)):
        return data.audit(source, **arguments)
    from ltzoo.data.auditing.table_images import list_table

    columns = table_options.table_arguments(options)
    return data.audit(list_table(source, image_root=options["image_root"], **columns), **arguments)


def _load_keras() -> None:
    with phase("loading Keras"):
        use_backend()
