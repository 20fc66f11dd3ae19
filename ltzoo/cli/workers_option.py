"""The option that says how many images are read at a time, for all commands that read many."""

import click


def _use(context, param, value):
    from ltzoo.data.reading_threads import available_cores, set_reading_threads

    set_reading_threads(value)
    return available_cores() if value is None else value


workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    callback=_use,
    metavar="N",
    help="Threads that read and prepare images (default: one per core).",
)
"""Sets the threads of `ltzoo.data.reading_threads`, and gives their number."""
