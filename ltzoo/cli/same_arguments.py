"""Arguments that are given again when a run resumes."""

import os

from ltzoo.cli.given_words import option, text
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError


def same_arguments(saved: dict, given: dict, run: RunFolder) -> dict:
    """Return the arguments of the run in the folder; arguments given again must be the same."""
    from ltzoo.cli.data import resolve

    if "data" in given:
        given = {**given, "data": resolve(given["data"])}
    if os.path.exists(os.path.expanduser(given.get("start_from", ""))):
        given = {**given, "start_from": os.path.abspath(os.path.expanduser(given["start_from"]))}
    for key, value in given.items():
        if saved.get(key) != value:
            raise UserError(
                f"{option(key)} differs from the run in {run.path}, which has {text(saved.get(key))}. "
                f"Resume with --out and --resume alone, or use a new folder. Received: {text(value)}"
            )
    return saved
