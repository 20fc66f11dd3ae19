"""`ltzoo evaluate`: measure a trained classifier."""

from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.cli import data as data_module
from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.cache_option import cache_option
from ltzoo.cli.exclude_option import exclude_option
from ltzoo.cli.held_out import unseen_images
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import BATCH_SIZE, Command, data_options
from ltzoo.cli.result_files import image_names, write_results
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.cli.same_images import check_same
from ltzoo.cli.sources import check_source, load_source, source_of, unless_own
from ltzoo.cli.table_options import table_options
from ltzoo.cli.talk import talking
from ltzoo.cli.testing_options import unseen_option
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
  ltzoo evaluate runs/photos --test new_photos/ --out results/new
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
@unseen_option
@data_options
@table_options
@exclude_option
@workers_option
@cache_option
def evaluate(model, data, test, split, batch_size, json_path, predictions, out, workers, cache, **options):
    """Measure accuracy and calibration of MODEL: a run folder, a .keras file or a zoo entry.

    The many / medium / few groups follow the model's training counts. The data that a run was trained on have the
    run's test or validation images. Another folder or table without test and val images is used as a whole; with
    --test, images that MODEL was trained on are left out of it.
    """
    check_model(model)
    given = {key: value for key, value in options.items() if value is not None}
    if test is not None:
        if data is not None:
            raise UserError(f"--test does not apply with --data; give one of them. Received: {test}")
        data = data_module.resolve(test)
    elif data is not None:
        data = unless_own(model, data_module.resolve(data))
    source = source_of(model, data, given)
    if split in ("train", "val"):
        source.pop("test", None)  # They may be gone.
    check_source(source)
    if json_path is not None:
        places.own_file("--json", json_path, places.json_beginning("split"))
    if predictions is not None:
        places.own_file("--predictions", predictions, b"image,true,predicted,")
    if out is not None:
        _check_out(out)
    with talking(err=True):
        _evaluate(model, data, test, split, batch_size, json_path, predictions, out, source, cache)


def _evaluate(model, data, test, split, batch_size, json_path, predictions, out, source, cache) -> None:
    with phase("loading Keras"):
        use_backend()
    from ltzoo.cli.console import console, echo, print_alarms
    from ltzoo.data.held_out import say_untested
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
    if data is None:
        check_same(model, dataset, name)
    if test is not None:
        splits[name] = unseen_images(model, classifier, splits[name])
    if data is not None:
        say_untested(splits[name].labels, dataset.class_names)
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
        write_json(Path(json_path).expanduser(), content)
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
