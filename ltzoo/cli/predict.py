"""`ltzoo predict`: print or write the most probable classes of images."""

import itertools
import shlex
from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.cli import cards, places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.image_arguments import check_images, image_paths
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command
from ltzoo.cli.prediction_files import PredictionFile
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import FAILED, Interrupted, UserError
from ltzoo.cli.workers_option import workers_option
from ltzoo.phases import begin, end, phase

_BATCH = 64


@click.command(
    cls=Command,
    short_help="Print the classes of images.",
    epilog="""\b
Examples:
  ltzoo predict cat.jpg --model runs/photos
  ltzoo predict new_photos/ --model runs/photos --csv predictions.csv
  ltzoo predict 'camera*/**/*.jpg' --model runs/photos --top 3
  find /archive -name '*.jpg' | ltzoo predict - --model runs/photos --json predictions.jsonl --resume""",
)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--model", required=True, metavar="RUN|ENTRY", help="A run folder, a .keras file or a zoo entry."
)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Classes to show per image."
)
@click.option("--csv", "csv_path", metavar="FILE", help="Write a table with one row per image.")
@click.option("--json", "json_path", metavar="FILE", help="Write one JSON object per line and image.")
@click.option(
    "--resume", is_flag=True, help="Continue the file of --csv or --json: skip the images that it has."
)
@workers_option
@click.option("--skip-unreadable", is_flag=True, help="Exit with code 0 even if some images cannot be read.")
@click.option(
    "--decisions/--no-decisions",
    default=None,
    help="Show prediction sets and unknown images; default: where 'ltzoo rebalance' stored how.",
)
def predict(images, model, top, csv_path, json_path, resume, workers, skip_unreadable, decisions):
    """Print the most probable classes of each IMAGE, one line per image.

    IMAGE is a file, a folder (searched recursively), a pattern in quotes, a .txt file with one path per line, or - for
    such lines on standard input. Any number of images is fine: they are read while others are classified. An image
    that cannot be read is reported and does not stop the rest; the exit code is then 1.
    """
    check_model(model)
    check_images(images)
    option, path = _file(csv_path, json_path, resume)
    with talking(err=True) as talk:
        _predict(talk, images, model, top, option, path, resume, skip_unreadable, decisions)


def _predict(talk, images, model, top, option, path, resume, skip_unreadable, decisions):
    with phase("loading Keras"):
        use_backend()
    from ltzoo.models.predict_images import most_probable, needs_features, stream_outputs

    with phase("loading the model"):
        classifier = load_model(model)
    top = min(top, classifier.num_classes)
    rules = _rules(classifier, model, decisions)
    file = None if path is None else PredictionFile(path, option, top, resume, _decided(rules))
    paths = image_paths(images)
    if file is not None:
        paths = (path for path in paths if not file.has(path))
    outputs = stream_outputs(
        classifier,
        paths,
        batch_size=_BATCH,
        resize=_resize(model),
        features=needs_features(rules),
    )
    read = failed = 0
    if file is None:
        talk.hold()  # The lines are signs of life enough for a terminal.
    predicting = begin("predicting")
    try:
        while batch := list(itertools.islice(outputs, _BATCH)):
            predictions = [most_probable(entry, classifier.class_names, top, rules) for entry in batch]
            if file is not None:
                file.write(predictions)
            for prediction in predictions:
                if prediction.error is not None:
                    failed += 1
                    echo(f"Warning: cannot read image {prediction.source}: {prediction.error}", err=True)
                elif file is None:
                    echo(str(prediction))
            read += sum(prediction.error is None for prediction in predictions)
            predicting.advance(len(predictions))
    except KeyboardInterrupt:
        hint = "" if file is None else " Continue with --resume."
        raise Interrupted(f"\nInterrupted after {read} images.{hint}") from None
    finally:
        end(predicting)
        if file is not None:
            file.close()
    _conclude(file, read, failed, len(images), skip_unreadable)


def _rules(classifier, model, wanted):
    """Return the decision rules that the model stores, or empty ones if they are not wanted."""
    from ltzoo.posthoc import Decisions, decisions_of

    rules = Decisions() if wanted is False else decisions_of(classifier)
    if wanted and not _decided(rules):
        raise UserError(
            "--decisions needs a model with prediction sets or a threshold for unknown images; make one with "
            f"'ltzoo rebalance {shlex.quote(model)} --sets 0.1 --out NEW'. Received: {model}, which has neither"
        )
    return rules


def _decided(rules):
    """Return the names of what the rules decide, as in `Prediction`."""
    parts = {"prediction_set": rules.sets, "unknown": rules.unknown}
    return [name for name, part in parts.items() if part is not None]


def _conclude(file, read, failed, given, skip_unreadable):
    done = 0 if file is None else file.num_done
    if not read + failed + done:
        raise UserError(f"IMAGE must name at least one image. Received: {given} without any")
    if not read + done:
        raise UserError(f"IMAGE must be readable for one image or more. Received: {failed} unreadable")
    if file is not None:
        before = f", {done} were there already" if done else ""
        echo(f"Predictions of {read} images: {file.path} ({failed} unreadable{before})")
    if failed and not skip_unreadable:
        click.get_current_context().exit(FAILED)


def _file(csv_path, json_path, resume):
    """Return the option and path of the file to write, or None for both."""
    if csv_path is not None and json_path is not None:
        raise UserError(
            f"--csv and --json exclude each other. Received: --csv {csv_path} and --json {json_path}"
        )
    option, path = ("--csv", csv_path) if csv_path is not None else ("--json", json_path)
    if path is None:
        if resume:
            raise UserError("--resume needs a file: --csv FILE or --json FILE. Received: --resume alone")
        return None, None
    places.folder(f"The folder of {option}", str(Path(path).expanduser().absolute().parent))
    if Path(path).expanduser().exists() and not resume:
        raise UserError(f"{option} must be a new file; --resume continues an existing one. Received: {path}")
    places.new_file(option, path, overwrite=True)
    return option, path


def _resize(model: str) -> int | None:
    """Return the shorter side before the center crop, if the zoo entry was evaluated with one."""
    if model not in shipped.names():
        return None
    return (cards.read(model).get("preprocessing") or {}).get("resize")
