"""`ltzoo train`: train a recipe on a dataset into a run folder."""

import os

import click

from ltzoo import shipped
from ltzoo.cli import cards, places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.cache_option import cache_option
from ltzoo.cli.effort_options import check_time_limit, effort_options, take_encoder
from ltzoo.cli.exclude_option import exclude_option
from ltzoo.cli.fold_options import check_folds, fold_options
from ltzoo.cli.given_words import option, text
from ltzoo.cli.image_fit_option import AUTO, image_fit_option
from ltzoo.cli.models import check_model
from ltzoo.cli.options import (
    BATCH_SIZE,
    SCRATCH,
    SEED,
    Backbone,
    Command,
    Epochs,
    Number,
    Setting,
    data_options,
)
from ltzoo.cli.reuse_option import reuse_option
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.same_arguments import same_arguments
from ltzoo.cli.table_options import is_table, table_options
from ltzoo.cli.talk import Talk, talking
from ltzoo.cli.testing_options import testing_options
from ltzoo.cli.training_options import check_loggers, training_options
from ltzoo.cli.up_option import check_up, up_option, without_turns
from ltzoo.cli.user_errors import Interrupted, UserError
from ltzoo.cli.workers_option import workers_option
from ltzoo.interrupts import Terminated
from ltzoo.phases import phase

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
DEFAULT_RECIPE = "transfer"
# The only arguments allowed with a zoo entry; its card fixes the rest.
_OWN = (
    "recipe", "seed", "precision", "data_dir", "image_root", "skip_unreadable", "start_from", "log", "accumulate",
    "epochs", "batch_size", "learning_rate", "ema", "settings", "keep", "patience",
)  # fmt: skip


@click.command(
    cls=Command,
    short_help="Train a recipe on a dataset.",
    epilog="""\b
Examples:
  ltzoo train gcl --data digits_lt --backbone resnet8 --epochs 20,5 --out runs/digits
  ltzoo train gcl --data photos/ --image-size 64 --out runs/photos
  ltzoo train fast --data photos/ --out runs/quick
  ltzoo train --data photos/ --test-fraction 0.2 --out runs/photos
  ltzoo train --data photos/ --folds 5 --out runs/photos
  ltzoo train --data survey.csv --image-column file --label-column species --group-by camera --out runs/survey
  ltzoo train cross_entropy --data cifar10_lt --imbalance-factor 100 --data-dir ~/cifar --out runs/baseline
  ltzoo train gcl_resnet50_imagenet_lt --data-dir ~/imagenet --accumulate 4 --out runs/imagenet
  ltzoo train --out runs/photos --resume

\b
A folder with one sub-folder of images per class is enough: photos/cat/1.jpg, photos/dog/1.jpg, ...
'ltzoo list --kind recipes' (or backbones, data) shows the names.""",
)
@click.argument("recipe", required=False)
@click.option(
    "--data",
    metavar="NAME|FOLDER|TABLE",
    help="Name of a dataset, a folder with one sub-folder per class, or a table (.csv, .tsv, .parquet).",
)
@click.option(
    "--out", metavar="RUN", required=True, help="New folder for checkpoint, model, results and report."
)
@click.option(
    "--backbone", type=Backbone(), help="Network; default: the one the recipe is made for, else resnet32."
)
@click.option("--epochs", type=Epochs(), help="Epochs, or one number per stage; default: the recipe's.")
@click.option("--batch-size", type=BATCH_SIZE, metavar="N", help="Images per step; default: the recipe's.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Precision of training; mixed ones are faster on hardware that supports them (default float32).",
)
@click.option(
    "--seed", type=SEED, metavar="N", help="Seed for weights, sampling and augmentation (default 0)."
)
@click.option(
    "--validation-fraction",
    type=Number(0, 0.9),
    metavar="X",
    help="Share of a folder held out for validation (default 0.1).",
)
@training_options
@data_options
@table_options
@testing_options
@exclude_option
@image_fit_option
@effort_options
@up_option
@fold_options
@click.option(
    "--start-from",
    metavar="MODEL",
    help="Zoo entry, run folder or .keras file whose backbone weights to start from.",
)
@click.option(
    "--set", "settings", type=Setting(), multiple=True,
    help="Change a field of the recipe's stages, such as mixup_alpha=0; repeatable.",
)  # fmt: skip
@workers_option
@cache_option
@reuse_option
@click.option("--resume", is_flag=True, help="Resume the run in --out; no other option is needed.")
def train(recipe, out, resume, workers, cache, reuse, **options):
    """Train RECIPE (or a zoo entry) on a dataset and write a run folder.

    For a folder or table of images, RECIPE is 'transfer' unless given.

    A run stopped at any moment, even by a power cut, resumes with --resume and reaches the same weights.
    The folder holds run.json, checkpoint/, model.keras, history.csv, result.json, per_class.csv,
    predictions.csv and report/report.html.
    """
    places.new_folder("--out", out)
    run = RunFolder(out)
    run.claim(resume)
    given = {"recipe": recipe, **{key: value for key, value in options.items() if value not in (None, ())}}
    given = {key: value for key, value in given.items() if value is not None}
    if "settings" in given:
        given["settings"] = [list(setting) for setting in given["settings"]]
    if "log" in given:
        given["log"] = sorted(set(given["log"]))
    given = take_encoder(given)
    saved = run.read() if run.is_run() else None
    if saved is None:
        _require(given, resume)
        given = _checked(given)
    check_loggers(given if saved is None else saved["arguments"])
    with talking(_first_line(given if saved is None else saved["arguments"], run, saved is not None)) as talk:
        try:
            _train(run, given, saved, workers, talk, cache, reuse)
        except (KeyboardInterrupt, Terminated) as error:
            if not run.is_run():
                raise
            raise Interrupted.of(error, f"ltzoo train --out {out} --resume") from None


def _train(
    run: RunFolder,
    given: dict,
    saved: dict | None,
    workers: int,
    talk: Talk,
    cache: bool,
    reuse: bool | None,
) -> None:
    with phase("loading Keras"):
        backend = use_backend(None if saved is None else saved["backend"])
    if saved is not None and saved["backend"] != backend:
        raise UserError(
            f"The run in {run.path} uses {saved['backend']}; set KERAS_BACKEND={saved['backend']} to resume "
            f"it. Received: {backend}"
        )
    from ltzoo.cli.run_recipe import run_recipe

    with phase("preparing the run"):
        arguments = _new_arguments(given) if saved is None else same_arguments(saved["arguments"], given, run)
    run_recipe(run, arguments, saved, workers, talk, cache, reuse)


def _first_line(arguments: dict, run: RunFolder, resumed: bool) -> str:
    """Return what is about to be trained, from which data and into which folder, before anything slow begins."""
    epochs = text(arguments["epochs"]) + " epochs" if "epochs" in arguments else ""
    parts = [
        f"{'resuming' if resumed else 'training'} {arguments['recipe']}",
        f"on {arguments['data']}" if "data" in arguments else "",
        f"with {text(arguments['backbone'])}" if "backbone" in arguments else "",
        epochs and f"for {epochs}",
        f"into {run.path}",
    ]
    return " ".join(filter(None, parts))


def _require(given: dict, resume: bool) -> None:
    where = " (there is no run in --out yet)" if resume else ""
    data = os.path.expanduser(given.get("data", ""))
    if "recipe" not in given and (os.path.isdir(data) or is_table(data)):
        given["recipe"] = DEFAULT_RECIPE
    if "recipe" not in given:
        if "data" in given:
            from ltzoo.cli.data import resolve

            resolve(given["data"])  # A mistyped folder is not a missing recipe.
        raise click.UsageError(
            f"Missing argument 'RECIPE'{where}. Received: no RECIPE", click.get_current_context()
        )
    if given["recipe"] in shipped.names():
        _require_of_entry(given)
    elif "data" not in given:
        raise click.UsageError(
            f"Missing option '--data'{where}. Received: no --data", click.get_current_context()
        )
    if given.get("start_from", SCRATCH) != SCRATCH:
        check_model(given["start_from"])


def _checked(given: dict) -> dict:
    """Check all names and values without importing a framework; return them with absolute paths."""
    from ltzoo import recipes
    from ltzoo.cli import data
    from ltzoo.cli.recipe_of_run import recipe_of, recipe_of_entry, refuse_repeats

    refuse_repeats(given)
    if given["recipe"] in shipped.names():
        card = cards.read(given["recipe"])
        recipe_of_entry(given["recipe"], card["recipe"], given)
        data.check({**given, "data": card["dataset"]["name"]})
        return given
    check_time_limit(given, recipe_of(given))
    check_up(given, recipe_of(given))
    check_folds(given)
    data.check({**given, "data": data.resolve(given["data"])})
    return {"backbone": recipes.default_network(given["recipe"]), **given}


def _require_of_entry(given: dict) -> None:
    entry = given["recipe"]
    fixed = sorted(set(given) - set(_OWN))
    if fixed:
        raise UserError(
            f"{option(fixed[0])} cannot be given with the zoo entry {entry}, which fixes it; to change it, train a "
            f"recipe. Received: {text(given[fixed[0]])}"
        )
    card = cards.read(entry)
    if card.get("starts_from") and "start_from" not in given:
        raise UserError(
            f"--start-from is missing: {entry} starts from a {card['backbone']['name']} trained on another "
            f"dataset ({card['starts_from']}); docs/zoo.md says how to make one. '--start-from {SCRATCH}' trains "
            "from random weights, unlike the paper. Received: no --start-from"
        )


def _new_arguments(given: dict) -> dict:
    """Return everything that determines a run: the given arguments and the defaults."""
    from ltzoo import recipes
    from ltzoo.cli import time_plan
    from ltzoo.cli.data import default_image_size, resolve
    from ltzoo.cli.recipe_of_run import constants_for

    if os.path.exists(os.path.expanduser(given.get("start_from", ""))):
        given = {**given, "start_from": os.path.abspath(os.path.expanduser(given["start_from"]))}
    if given["recipe"] in shipped.names():
        return {"seed": cards.read(given["recipe"]).get("seed", 0), **given}
    arguments = {"backbone": recipes.default_network(given["recipe"]), "seed": 0, **given}
    arguments["data"] = resolve(arguments["data"])
    constants = constants_for(arguments["recipe"], arguments["data"])
    if constants is not None:
        arguments["constants"] = constants
    if _is_folder(arguments["data"]) and "image_size" not in given:
        arguments = time_plan.within_limit(arguments)
    arguments = without_turns(arguments)
    if arguments["data"] != given["data"] or _is_folder(arguments["data"]):
        arguments.setdefault("fit", AUTO)  # `run_recipe` writes what was chosen.
        arguments.setdefault("image_size", default_image_size(arguments["backbone"]["name"], arguments))
    return arguments


def _is_folder(data: str) -> bool:
    return os.path.isabs(data)
