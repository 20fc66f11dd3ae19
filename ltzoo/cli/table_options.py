"""Options for tables of images, and for images that belong together; what they mean for the data."""

import os

import click

from ltzoo.cli.user_errors import UserError

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
WORDS = "a table (.csv, .tsv, .parquet)"
# The argument of a command, and that of `ltzoo.data.from_table`.
_COLUMNS = {"image_column": "image", "label_column": "label", "split_column": "split"}
KEYS = (*_COLUMNS, "group_by")
_DEFAULTS = {"image": "path", "label": "label"}

_OPTIONS = (
    click.option(
        "--image-column",
        metavar="COLUMN",
        help="Column of a table with the path of each image, from --image-root or the table's folder (default path).",
    ),
    click.option(
        "--label-column",
        metavar="COLUMN",
        help="Column of a table with the class of each image (default label).",
    ),
    click.option(
        "--split-column",
        metavar="COLUMN",
        help="Column of a table that says train, val or test (default: validation images are held out).",
    ),
    click.option(
        "--group-by",
        metavar="COLUMN|folder:N|regex:P",
        help="Keep images of an animal, a patient or a camera on one side: by a column of a table, by the Nth folder "
        "below the class, or by what the parentheses of a pattern match in the path.",
    ),
)


def table_options(command):
    """Add the options that say what the columns of a table hold, and which images belong together."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def column_options(command):
    """Add the options that say what the columns of a table hold."""
    for option in reversed(_OPTIONS[: len(_COLUMNS)]):
        command = option(command)
    return command


def is_table(data: str) -> bool:
    """Return whether a path names a table of images rather than a folder."""
    return data.lower().endswith(SUFFIXES) and not os.path.isdir(data)


def columns_for(table: str, trained: dict, given: dict) -> dict:
    """Return the names of a run's columns of paths and labels that another table has, too, unless others are given.

    Args:
        table: path of the table; a folder has none of them.
        trained: arguments of the run.
        given: arguments of the command.
    """
    if not is_table(table):
        return {}
    wanted = {
        key: trained[key] for key in ("image_column", "label_column") if key in trained and key not in given
    }
    return {key: column for key, column in wanted.items() if _has_column(table, column)}


def table_arguments(arguments: dict) -> dict:
    """Return the arguments of `ltzoo.data.from_table` that name columns and groups."""
    named = {own: arguments[key] for key, own in _COLUMNS.items() if arguments.get(key) is not None}
    if arguments.get("group_by") is not None:
        named["group"] = arguments["group_by"]
    return {**_DEFAULTS, **named}


def check_table(arguments: dict) -> None:
    """Refuse a table without the columns that the options name, by the names of the options.

    Args:
        arguments: arguments of a command, with the path of the table as `data`.

    Raises:
        OSError, ValueError, ImportError: the table cannot be read; see `ltzoo.data.table_columns.read_table`.
    """
    from ltzoo.data.grouping import group_rule, is_rule
    from ltzoo.data.table_columns import read_table

    columns = table_arguments(arguments)
    if "group" in columns and is_rule(columns["group"]):
        group_rule(columns.pop("group"), "--group-by")
    options = {own: "--" + key.replace("_", "-") for key, own in {**_COLUMNS, "group_by": "group"}.items()}
    read_table(arguments["data"], {options[own]: column for own, column in columns.items()})


def check_groups(arguments: dict) -> None:
    """Refuse a `group_by` that is no rule for the paths of a folder."""
    from ltzoo.data.grouping import group_rule, is_rule

    rule = arguments.get("group_by")
    if rule is None:
        return
    if not is_rule(rule):
        raise UserError(
            "--group-by must be folder:N or regex:P for a folder of images; columns are for tables. "
            f"Received: {rule}"
        )
    group_rule(rule, "--group-by")


def count_images(arguments: dict) -> int:
    """Return the number of image files in the folder or table that is `data`."""
    from ltzoo.data.image_names import is_image

    if is_table(arguments["data"]):
        return len(_listed(arguments))
    return sum(is_image(name) for _, _, names in os.walk(arguments["data"]) for name in names)


def shorter_sides(arguments: dict) -> list[int]:
    """Return the shorter sides, in pixels, of a sample of the images in the folder or table that is `data`."""
    from ltzoo.data import directory
    from ltzoo.data.image_sizes import sample_of_sizes

    if is_table(arguments["data"]):
        return [min(size) for size in sample_of_sizes(_listed(arguments), 200)]
    return directory.shorter_sides(arguments["data"])


def _has_column(table: str, column: str) -> bool:
    from ltzoo.data.table_columns import read_table

    try:
        read_table(table, {"column": column})
    except (ValueError, OSError, ImportError):  # `check_table` says what is wrong.
        return False
    return True


def _listed(arguments: dict) -> list[str]:
    from ltzoo.data.table import listed_images

    return listed_images(arguments["data"], table_arguments(arguments)["image"], arguments.get("image_root"))
