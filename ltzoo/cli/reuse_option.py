"""The option that says whether a first stage that was trained before is used again, and what it does."""

from __future__ import annotations

from typing import Any

import click

from ltzoo.cli.console import echo

# What finds a first stage in another way: by weights, files and settings.
_COVERED = ("recipe", "log", "data", "data_dir", "image_root", "seed", "precision")

reuse_option = click.option(
    "--reuse/--no-reuse",
    default=None,
    help="Use a first stage that another run trained in just the same way, and keep this one's ($LTZOO_CACHE/"
    "first_stages, 10 GiB at most). Default: for zoo entries.",
)
"""Gives `reuse`: True, False, or None without the option."""


def shared_first_stage(arguments: dict, model: Any, dataset: Any, run: Any, stages: Any) -> Any:
    """Return the callback that shares the first stage of a run, after taking it if another run trained it.

    Args:
        arguments: the arguments of the run.
        model: the newly built classifier.
        dataset: its dataset.
        run: the run folder.
        stages: its `StageResults`, which measure a stage that is taken.
    """
    from ltzoo.models.first_stages import SharedFirstStage, determining
    from ltzoo.phases import phase

    with phase("looking for a first stage"):
        more = {key: value for key, value in arguments.items() if key not in _COVERED}
        known = determining(model, dataset, arguments["seed"], more)
        shared = SharedFirstStage(model, known, title=arguments["recipe"])
        if run.checkpoint.is_dir():  # The run resumes.
            return shared
        chosen = {
            "keep": arguments.get("keep", "last"),
            "patience": arguments.get("patience"),
            "accumulate": arguments.get("accumulate", 1),
        }
        found = shared.take(run.checkpoint, arguments["seed"], **chosen)
    if found is not None:
        echo(
            f"stage 1 is done: {found['title']} trained the same {found['epochs']} epochs on {found['trained']} "
            "(--no-reuse trains them again)"
        )
        stages.measure_first()
    return shared
