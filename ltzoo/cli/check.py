"""`ltzoo check`: look for what may be wrong with images before training on them."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from ltzoo.cli import table_options
from ltzoo.cli.audit_lines import print_audit
from ltzoo.cli.backend import use_backend
from ltzoo.cli.check_targets import PAGE, Targets, check_targets
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
@click.option("--out", metavar="HTML|FOLDER", help=f"Write a page with pictures; in a folder: {PAGE}.")
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
    _check_options(path, write, write_labels, options)
    targets = check_targets(path, out, write, json_path)
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
        excluded = _write(found, targets, write_labels)
    if json_path == "-":
        click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        print_audit(found)
        for line in _next(found, path, targets, excluded):
            echo(line)
    if strict and any(finding.kind in SERIOUS for finding in found.findings):
        raise click.exceptions.Exit(1)


def _check_options(path: str, write: str | None, write_labels: bool, options: dict) -> None:
    """Refuse options that mean nothing together."""
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


def _write(found, targets: Targets, labels: bool) -> int:
    """Write the files, and return the number of images in the list of --write."""
    exclusions = found.exclusions(labels=labels)
    if targets.write is not None:
        from ltzoo.data.exclusions import write_exclusions

        write_exclusions(targets.write, exclusions)
    if targets.json is not None:
        write_json(targets.json, found.to_dict())
    if targets.page is not None:
        _load_keras()  # The package of reports needs it.
        from ltzoo.report.audit_page import write_audit

        write_audit(found, targets.page)
    return len(exclusions)


def _next(found, path: str, targets: Targets, excluded: int) -> Iterator[str]:
    """Yield lines on what to do next, which can be copied."""
    for finding in found.of("groups"):
        rule = shlex.quote(finding.facts["rule"])
        yield f"keep such images together by: ltzoo train --data {shlex.quote(path)} --group-by {rule} --out RUN"
    yield (
        "--out check.html writes a page with pictures"
        if targets.page is None
        else f"pictures: {targets.page}"
    )
    if targets.write is not None:
        words = ["ltzoo", "train", "--data", path, "--exclude", str(targets.write), "--out", "RUN"]
        yield f"{excluded:,} images listed in {targets.write}; leave them out by: {shlex.join(words)}"


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
