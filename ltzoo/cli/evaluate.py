"""`ltzoo evaluate`: measure a trained classifier."""

import os
from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.cli import cards, places
from ltzoo.cli import data as data_module
from ltzoo.cli.backend import use_backend
from ltzoo.cli.cache_option import cache_option
from ltzoo.cli.exclude_option import exclude_option
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import BATCH_SIZE, Command, data_options
from ltzoo.cli.result_files import image_names, write_results
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.cli.table_options import table_options
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import UserError
from ltzoo.cli.workers_option import workers_option
from ltzoo.phases import phase
from ltzoo.printable import shown_address


@click.command(
    cls=Command,
    short_help="Measure a trained model.",
    epilog="""\b
Examples:
  ltzoo evaluate runs/photos
  ltzoo evaluate runs/photos --data other_photos/
  ltzoo evaluate runs/photos --data new_photos/ --out results/new
  ltzoo evaluate gcl_resnet8_digits_lt --json result.json""",
)
@click.argument("model")
@click.option("--data", metavar="NAME|FOLDER|TABLE", help="Default: the data the model was trained on.")
@click.option(
    "--split",
    type=click.Choice(["test", "val", "train"]),
    help="Default: the first of these that the data has.",
)
@click.option("--batch-size", type=BATCH_SIZE, default=256, show_default=True, help="Images per batch.")
@click.option("--json", "json_path", metavar="PATH", help="Also write all results to this file.")
@click.option("--predictions", metavar="CSV", help="Also write the predictions for each image to this file.")
@click.option(
    "--out",
    metavar="FOLDER",
    help="Also write result.json, per_class.csv and predictions.csv into this folder.",
)
@data_options
@table_options
@exclude_option
@workers_option
@cache_option
def evaluate(model, data, split, batch_size, json_path, predictions, out, workers, cache, **options):
    """Measure accuracy and calibration of MODEL: a run folder, a .keras file or a zoo entry.

    The many / medium / few groups follow the model's training counts. The data that a run was trained on have the
    run's validation images. Another folder or table without test and val images is used as a whole.
    """
    check_model(model)
    given = {key: value for key, value in options.items() if value is not None}
    data = None if data is None else unless_own(model, data_module.resolve(data))
    source = source_of(model, data, given)
    check_source(source)
    if json_path is not None:
        places.new_file("--json", json_path, overwrite=True)
        places.folder("The folder of --json", str(Path(json_path).expanduser().parent))
    if predictions is not None:
        places.new_file("--predictions", predictions, overwrite=True)
        places.folder("The folder of --predictions", str(Path(predictions).expanduser().parent))
    if out is not None:
        _check_out(out)
    with talking(err=True):
        _evaluate(model, data, split, batch_size, json_path, predictions, out, source, cache)


def _evaluate(model, data, split, batch_size, json_path, predictions, out, source, cache) -> None:
    with phase("loading Keras"):
        use_backend()
    from ltzoo.cli.console import console, echo, print_alarms
    from ltzoo.metrics import measure, prediction_alarms
    from ltzoo.metrics.prediction_files import write_predictions
    from ltzoo.report import results_table
    from ltzoo.report.columns import images_of

    with phase("loading the model"):
        classifier = load_model(model)
    with phase("reading the data"):
        dataset = load_source(source, classifier, whole=data is not None, cache=cache)
    data_module.check_classes(dataset, classifier)
    data_module.check_image_shape(dataset, classifier)
    splits = dataset.splits()
    name = split or next(name for name in ("test", "val", "train") if name in splits)
    if name not in splits:
        raise UserError(f"--split must be one of {', '.join(splits)} for this data. Received: {name}")
    if data is None and name == "val" and getattr(classifier, "trains_on_validation", False):
        echo(
            "Note: the model was trained on these validation images too; result.json has its out-of-fold figures."
        )
    result, predicted = measure(classifier, splits[name], batch_size=batch_size)
    shown = (
        classifier.name if model in shipped.names() else Path(shown_address(model)).name
    )  # The weights may come from a related entry.
    label = "all" if data is not None and list(splits) == ["train"] else name
    console().print(results_table({f"{shown} ({label}, {len(splits[name])})": result}, split=label))
    alarms = prediction_alarms(result.confusion, classifier.class_names, images_of(label))
    print_alarms(alarms)
    if json_path is not None:
        content = {
            "split": label,
            "images": len(splits[name]),
            "result": result.to_dict(),
            "alarms": [str(alarm) for alarm in alarms],
        }
        write_json(Path(json_path), content)
    folder, names = source.get("data"), classifier.class_names
    if predictions is not None:
        path = Path(predictions).expanduser()
        write_predictions(path, predicted, names, image_names(predicted, folder))
    if out is not None:
        write_results(RunFolder(out), result, predicted, names, split=label, alarms=alarms, data=folder)


def _check_out(out: str) -> None:
    """Refuse a run folder: its results are those of the training."""
    places.new_folder("--out", out)
    if RunFolder(out).is_run():
        raise UserError(f"--out must be a folder of its own, not that of a run. Received: {out}")


def source_of(model: str, data: str | None, given: dict) -> dict:
    """Return the arguments for `load_dataset`: the given ones, on top of the run's own where `data` is None."""
    if data is not None:
        return {"data": data, **given}
    if model in shipped.names():
        return {"card": cards.read(model)["dataset"], **given}
    run = RunFolder(model)
    if not run.is_run():
        raise click.UsageError(
            f"Missing option '--data': {model} does not say which data it was trained on. "
            "Received: no --data",
            click.get_current_context(),
        )
    arguments = run.read()["arguments"]
    seed = arguments.get("data_seed") or 0
    if given.get("data_seed", seed) != seed:
        raise UserError(
            f"--data-seed must be that of the training, {seed}; another one would measure images that were trained on. "
            f"Received: {given['data_seed']}"
        )
    if arguments["recipe"] in shipped.names():
        own = {
            key: arguments[key] for key in ("data_dir", "image_root", "skip_unreadable") if key in arguments
        }
        return {"card": cards.read(arguments["recipe"])["dataset"], **own, **given}
    return {**arguments, **given}


def unless_own(model: str, data: str) -> str | None:
    """Return a dataset, or None if the run was trained on this folder or table, whose splits are then the run's."""
    run = RunFolder(model)
    own = run.is_run() and os.path.isabs(data) and run.read()["arguments"].get("data") == data
    return None if own else data


def check_source(source: dict) -> None:
    """Refuse what `load_source` would refuse, without reading images."""
    if "card" in source:
        source = {**source, "data": source["card"]["name"]}
    data_module.check(source)


def load_source(source: dict, classifier, whole: bool, cache: bool = False):
    """Load the dataset; images at the model's size, none held out if a folder or table is used as a whole."""
    from ltzoo import data as datasets
    from ltzoo.cli.data import load_dataset

    if "card" in source:
        arguments = {**source.pop("card"), **source}
        return datasets.load(arguments.pop("name"), **arguments)
    if os.path.isabs(source["data"]):
        height, width, channels = classifier.image_shape
        defaults: dict = {"image_size": [height, width], "channels": channels, "fit": classifier.image_fit}
        if whole:
            defaults["validation_fraction"] = 0.0
        return load_dataset({**defaults, **source}, class_names=classifier.class_names, cache=cache)
    return load_dataset(source)
