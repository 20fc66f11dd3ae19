"""`ltzoo advise`: what a folder or table of images is like, what to train on it, and what would help more."""

import json
import shlex
from pathlib import Path

import click

from ltzoo.cli import places, table_options
from ltzoo.cli.advise_page import print_advice
from ltzoo.cli.backend import use_backend
from ltzoo.cli.effort_options import Duration
from ltzoo.cli.options import Command
from ltzoo.cli.run_folder import write_json
from ltzoo.cli.table_options import is_table
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import UserError
from ltzoo.cli.workers_option import workers_option
from ltzoo.phases import phase

_SIZE = (128, 128)


@click.command(
    cls=Command,
    short_help="Say what to train on images, and what would help more.",
    epilog="""\b
Examples:
  ltzoo advise --data photos/
  ltzoo advise --data photos/ --labels --json advice.json
  ltzoo advise --data survey.csv --image-column file --label-column species

\b
Of many images about 2,000 are looked at; 'ltzoo check' looks at all of them.""",
)
@click.option("--data", metavar="FOLDER|TABLE", required=True, help="Images, as 'ltzoo train' takes them.")
@click.option("--json", "json_path", metavar="PATH", help="Write everything to this file; - prints it.")
@click.option(
    "--labels",
    is_flag=True,
    help="Also look for wrong labels, by the features of a pretrained network; takes a minute or so.",
)
@click.option("--no-timing", is_flag=True, help="Use no network: a few seconds faster, but no expected time.")
@click.option("--time-limit", type=Duration(), help="How long the training may take, such as 10m (default).")
@click.option("--image-root", metavar="PATH", help="Folder that the paths in a table are relative to.")
@table_options.table_options
@workers_option
def advise(data, json_path, labels, no_timing, workers, **options):
    """Count the images per class, recommend a command with its expected time, and say what would help more.

    Nothing is trained or changed. docs/recipes_for_data.md has the table by which the command is chosen.
    """
    arguments = _arguments(data, options)
    if labels and no_timing:
        raise UserError("--labels needs a network. Received: --labels with --no-timing")
    if json_path not in (None, "-"):
        places.own_file("--json", json_path, places.json_beginning("data"))
    with talking("" if json_path == "-" else f"looking at {data}", err=json_path == "-"):
        found, content = _advice(data, arguments, labels, not no_timing)
    if json_path == "-":
        click.echo(json.dumps(content, indent=2, allow_nan=False))
        return
    if json_path is not None:
        write_json(Path(json_path).expanduser(), content)
    print_advice(data, found, content)


def _arguments(data: str, options: dict) -> dict:
    """Return what names the images, as `ltzoo train` has it; refuse what is wrong, before anything slow begins."""
    from ltzoo.cli import data as data_module

    source = Path(data).expanduser()
    if not source.is_dir() and not is_table(data):
        raise UserError(
            "--data must be a folder with one sub-folder of images per class, or "
            f"{table_options.WORDS}. Received: {data}"
        )
    given = {key: value for key, value in options.items() if value is not None}
    arguments = {**given, "data": data_module.resolve(data)}
    data_module.check(arguments)
    return arguments


def _advice(data: str, arguments: dict, labels: bool, timing: bool) -> tuple:
    """Return the survey, and everything that is said as plain JSON."""
    from ltzoo import recipes
    from ltzoo.cli import time_plan
    from ltzoo.cli.expected_time import expected_time
    from ltzoo.cli.improvements import improvements
    from ltzoo.data.auditing.encoder import DEFAULT
    from ltzoo.data.auditing.survey import survey
    from ltzoo.recipes import choosing

    with phase("listing the images"):
        dataset = _dataset(arguments)
    if timing:
        with phase("loading Keras"):
            use_backend()
    found = survey(dataset, encoder=DEFAULT if labels else None)
    facts = _facts(found, arguments)
    rule = choosing.choose(facts)
    more = choosing.additions(facts, rule.recipe)
    expected = per_view = None
    if timing:
        with phase("measuring the speed of the network"):
            per_view = time_plan.seconds_per_view(recipes.default_network(rule.recipe))
            limit = {} if "--time-limit" not in rule.options else {"time_limit": 7200.0}
            expected = expected_time(
                rule.recipe, {**limit, **arguments}, dataset, found.seconds_per_image, per_view
            )
    grouped = "group_by" in arguments
    return found, {
        "data": data,
        "images": found.images,
        "looked_at": found.looked_at,
        "class_counts": dict(zip(dataset.class_names, found.counts.tolist(), strict=True)),
        "groups": _groups(found.counts),
        "imbalance_factor": round(found.counts.imbalance_factor, 2),
        "recommended": {
            "command": _command(data, arguments, rule, more),
            "when": rule.when,
            "why": rule.why,
            "options": [
                {"option": addition.shown, "when": addition.when, "why": addition.why} for addition, _ in more
            ],
            "expected": None if expected is None else expected._asdict(),
        },
        "improvements": [
            {"kind": one.kind, "text": one.text, **one.facts}
            for one in improvements(found, data, grouped, per_view if rule.recipe == "transfer" else None)
        ],
    }


def _dataset(arguments: dict):
    from ltzoo import data

    common = {"check": False, "validation_fraction": 0.0, "image_size": _SIZE}
    if not is_table(arguments["data"]):
        return data.from_directory(arguments["data"], group_by=arguments.get("group_by"), **common)
    columns = table_options.table_arguments(arguments)
    return data.from_table(arguments["data"], image_root=arguments.get("image_root"), **columns, **common)


def _facts(found, arguments: dict):
    from ltzoo.recipes.choosing import Facts

    sides = sorted(table_options.shorter_sides(arguments))
    groups = found.audit.of("groups")
    gray = [one for one in found.audit.of("gray") if "stored_in_color" in one.facts]
    return Facts(
        train=found.images["train"] + found.images.get("val", 0),
        test=found.images.get("test", 0),
        side=sides[len(sides) // 2] if sides else _SIZE[0],
        gray=bool(gray),
        unreadable=len(found.audit.of("unreadable")),
        groups=groups[0].facts["rule"] if groups else None,
        grouped="group_by" in arguments,
    )


def _groups(counts) -> dict:
    """Return classes, images, and the fewest and most images of a class, by shot group."""
    return {
        name: {
            "classes": len(members),
            "images": int(counts.array[members].sum()),
            "fewest": int(counts.array[members].min()),
            "most": int(counts.array[members].max()),
        }
        for name, members in counts.groups.items()
        if len(members)
    }


def _command(data: str, arguments: dict, rule, more) -> str:
    """Return the command line."""
    words = ["ltzoo", "train", *([] if rule.recipe == "transfer" else [rule.recipe]), "--data", data]
    for key in ("image_root", *table_options.KEYS):
        if key in arguments:
            words += ["--" + key.replace("_", "-"), arguments[key]]
    options = list(rule.options)
    if "time_limit" in arguments and rule.recipe == "transfer":
        options = ["--time-limit", f"{arguments['time_limit']:g}s"]
    words += options + [word for _, extra in more for word in extra]
    name = Path(arguments["data"]).stem if is_table(data) else Path(arguments["data"]).name
    return shlex.join([*words, "--out", f"runs/{name or 'photos'}"])
