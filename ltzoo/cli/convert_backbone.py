"""`ltzoo convert --backbone`: turn published PyTorch weights of a backbone into pretrained weights of this library."""

import importlib.util
from pathlib import Path

from ltzoo import cache
from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.console import echo
from ltzoo.cli.user_errors import UserError

BACKBONES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
_SUFFIX = ".npz"


def convert_backbone(source: str, name: str, out: str | None, overwrite: bool) -> None:
    """Convert a checkpoint file, or the one in an installed package, and write an `.npz` file.

    Args:
        source: path of a checkpoint, or name of an installed package that holds one.
        name: one of `BACKBONES`.
        out: the file to write; by default the one in the user's cache that `weights="imagenet"` finds.
        overwrite: replace an existing file.
    """
    path = _checkpoint(source)
    target = str(cache.folder() / "backbones" / f"{name}_imagenet{_SUFFIX}") if out is None else out
    if not target.endswith(_SUFFIX):
        raise UserError(f"--out must end in {_SUFFIX} with --backbone. Received: {out}")
    place = places.new_file("--out", target, overwrite)
    use_backend()
    from ltzoo import backbones
    from ltzoo.models.convert import read_checkpoint

    tensors = {name: array for part in read_checkpoint(path).values() for name, array in part.items()}
    model = backbones.get(name)
    backbones.read_torch_weights(model, tensors)
    backbones.save_pretrained(model, place)
    weights = "imagenet" if out is None else target
    echo(f"Wrote {place} ({len(tensors)} tensors read)")
    echo("Their license is the one that their owner gives")
    echo(f"Load it: ltzoo.backbones.get({name!r}, weights={weights!r})")


def _checkpoint(source):
    path = Path(source).expanduser()
    if path.is_file():
        return path
    found = None
    if source.isidentifier():  # Otherwise it is no name of a package.
        found = importlib.util.find_spec(source)
    files = [
        file
        for folder in (found.submodule_search_locations or () if found else ())
        for file in Path(folder).rglob("*.pth")
    ]
    if len(files) != 1:
        raise UserError(
            f"FILE must be a checkpoint, or an installed package with one .pth file. Received: {source}"
        )
    return files[0]
