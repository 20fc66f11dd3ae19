"""`ltzoo demo`: train, report and export on real images, offline, in a few minutes."""

import click

from ltzoo.cli import places
from ltzoo.cli.backend import use_backend
from ltzoo.cli.options import SEED, Command
from ltzoo.cli.user_errors import Interrupted
from ltzoo.writer_lock import WriterLock


@click.command(
    cls=Command,
    short_help="Train, report and export on handwritten digits.",
    epilog="""\b
Examples:
  ltzoo demo
  ltzoo demo --seed 3 --out /tmp/demo""",
)
@click.option(
    "--out", default="ltzoo_demo", show_default=True, metavar="FOLDER", help="Folder for report and model."
)
@click.option(
    "--seed",
    type=SEED,
    default=0,
    show_default=True,
    metavar="N",
    help="Seed for images, weights and batches.",
)
@click.option(
    "--export/--no-export", default=True, show_default=True, help="Export a SavedModel and check it."
)
def demo(out, seed, export):
    """Train GCL and a plain baseline on long-tailed handwritten digits and write a report.

    The scans come with scikit-learn. The demo takes a few minutes on two CPU cores and replaces the files of an
    earlier demo in the folder.
    """
    folder = places.new_folder("--out", out)
    WriterLock(folder).check()
    use_backend()
    from ltzoo import demo as demonstration
    from ltzoo.cli.console import console
    from ltzoo.cli.progress import TrainingProgress
    from ltzoo.report import results_table

    shown = console()
    bars = []

    def progress(name, epochs):
        bars.append(TrainingProgress([(name, epochs)], None, shown))
        return [bars[-1]]

    try:
        done = demonstration.run(folder, seed, callbacks=progress, say=shown.print, export=export)
    except KeyboardInterrupt:
        raise Interrupted("\nInterrupted. Start the demo again: ltzoo demo") from None
    finally:
        for bar in bars:
            bar.close()
    shown.print(results_table(done.results, done.seconds))
    for label, path in (("Report", done.report), ("Model", done.saved), ("SavedModel", done.served)):
        if path is not None:
            shown.print(f"{label + ':':<11} {path}", soft_wrap=True)
