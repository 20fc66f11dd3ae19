"""What `ltzoo rebalance` prints and writes."""

from pathlib import Path
from typing import Any

from ltzoo.cli.console import console
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.files import atomic_write


def print_report(result: Any) -> None:
    """Print the table of a `Rebalanced`, and what limits it; lines may be wider than the terminal."""
    console().print(str(result.report), soft_wrap=True)


def write_model(source: str, model: Any, result: Any, target: Path) -> None:
    """Write a corrected Keras model: a `.keras` file, or a folder that the other commands take like a run.

    Args:
        source: what the command line calls the model that was corrected.
        model: the new model.
        result: the `Rebalanced`.
        target: the new file or folder.
    """
    if target.suffix == ".keras":
        with atomic_write(target) as temporary:
            model.save(temporary)
        return
    old, new = RunFolder(source), RunFolder(target)
    new.hold(resume=False)
    try:
        with atomic_write(new.model) as temporary:
            model.save(temporary)
        write_json(new.rebalance, {"of": str(old.path.resolve()), **result.to_dict()})
        if old.is_run():  # Last, so that a folder with it is whole.
            content = {key: value for key, value in old.read().items() if key != "format"}
            new.write({**content, "recipe": model.recipe.to_dict()})
    finally:
        new.release()
