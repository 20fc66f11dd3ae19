"""`ltzoo rebalance`: correct a trained model for the class shares that it will meet."""

import os
from pathlib import Path

import click

from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.models import check_model
from ltzoo.cli.options import Command, data_options
from ltzoo.cli.rebalance_options import read_classes, read_counts, read_prior, rebalance_options
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.cli.talk import talking
from ltzoo.cli.user_errors import UserError
from ltzoo.phases import phase

_TABLE, _ONNX, _KERAS = ".csv", ".onnx", ".keras"


@click.command(
    cls=Command,
    short_help="Correct a trained model for rare classes, without training.",
    epilog="""\b
Examples:
  ltzoo rebalance runs/photos --out runs/rebalanced
  ltzoo rebalance runs/photos --data val/ --prior train --sets 0.1 --out runs/sets
  ltzoo rebalance runs/photos --prior estimate --unlabelled new_photos/ --out runs/survey
  ltzoo rebalance model.onnx --data outputs.csv --counts counts.csv --out better.onnx
  ltzoo rebalance test.csv --data val.csv --counts counts.csv --out better.csv""",
)
@click.argument("model")
@rebalance_options
@data_options
def rebalance(model, data, out, overwrite, json_path, **options):
    """Fit a temperature and a share of the class prior on held-out images, and write the corrected MODEL.

    MODEL is a run folder, a .keras file, a zoo entry, an .onnx file, or a .csv of logits or probabilities with a
    column per class. The new one is of the same kind. Nothing is trained, and the printed figures are cross-validated.

    A CSV of outputs, as --data or --unlabelled, serves any model: a column per class, and one with the true class.
    """
    from ltzoo.cli import rebalance_kinds

    kind = _kind(model)
    target = _target(kind, model, out, overwrite)
    fit = {
        "prior": read_prior(options.pop("prior")),
        "classes": read_classes(options.pop("classes")),
        **{key: options.pop(key) for key in ("estimator", "bias", "objective", "outputs", "seed")},
    }
    counts = read_counts(options.pop("counts"))
    rules = {key: options.pop(key) for key in ("alpha", "unknown", "keep")}
    unlabelled, split, column = (options.pop(key) for key in ("unlabelled", "split", "label_column"))
    _check_unlabelled(fit["prior"], unlabelled, kind)
    if kind in (_TABLE, _ONNX):
        _check_table(kind, model, data, counts, rules)
    if data is not None and data.lower().endswith(_TABLE) and not os.path.isfile(os.path.expanduser(data)):
        raise UserError(f"--data must be an existing file. Received: {data}")
    if json_path is not None:
        places.own_file("--json", json_path, places.json_beginning("correction"))
    given = {key: value for key, value in options.items() if value is not None}
    work = rebalance_kinds.Work(model, kind, data, split, counts, column, unlabelled, fit, rules, given)
    work.check()
    with talking(err=True):
        with phase("loading Keras"):
            use_backend()
        report = work.run(target)
    if json_path is not None:
        write_json(Path(json_path).expanduser(), report)
    echo(f"Wrote {out}")


def _kind(model):
    """Return the suffix of a table, ONNX or Keras file; "" for a run folder or zoo entry."""
    path = Path(model).expanduser()
    if path.suffix.lower() in (_TABLE, _ONNX):
        if not path.is_file():
            raise UserError(f"MODEL must be an existing file. Received: {model}")
        return path.suffix.lower()
    check_model(model)
    return _KERAS if path.is_file() or not path.is_dir() else ""


def _target(kind, model, out, overwrite):
    if kind:
        target = places.new_file("--out", out, overwrite)
        if target.suffix.lower() != kind:
            raise UserError(f"--out must end in {kind}, as MODEL is such a file. Received: {out}")
        if target.exists() and target.samefile(Path(model).expanduser()):
            raise UserError(f"--out must not be MODEL itself. Received: {out}")
        return target
    if Path(out).suffix == _KERAS:
        return places.new_file("--out", out, overwrite)
    target = places.new_folder("--out", out)
    RunFolder(target).claim(resume=False)
    return target


def _check_unlabelled(prior, unlabelled, kind):
    if (prior == "estimate") != (unlabelled is not None) and not (prior == "estimate" and kind == _TABLE):
        raise UserError(
            "--unlabelled and '--prior estimate' belong together. "
            f"Received: --prior {prior if isinstance(prior, str) else 'FILE'}, --unlabelled {unlabelled or 'missing'}"
        )
    if unlabelled is not None:
        if unlabelled.lower().endswith(_TABLE):
            if not os.path.isfile(os.path.expanduser(unlabelled)):
                raise UserError(f"--unlabelled must be an existing file. Received: {unlabelled}")
        else:
            places.folder("--unlabelled", unlabelled)


def _check_table(kind, model, data, counts, rules):
    if data is None or not data.lower().endswith(_TABLE):
        raise UserError(
            f"--data must be a .csv with the model's outputs for held-out images, as MODEL is {kind}. "
            f"Received: {data or 'no --data'}"
        )
    if counts is None and kind == _TABLE:
        raise UserError(f"--counts is missing: the training images per class. Received: {model}")
    if kind == _TABLE and rules["unknown"] is not None:
        raise UserError(f"--unknown does not apply to a table of outputs. Received: {rules['unknown']}")
