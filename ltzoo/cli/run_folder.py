"""The folder of a run: its arguments, checkpoint and results."""

import csv
import json
import os
from pathlib import Path

from ltzoo.cli.run_schema import RUN_BYTES, check_result, check_run, result_bytes
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.files import atomic_write
from ltzoo.readers import json_text
from ltzoo.writer_lock import FILE_NAME as LOCK
from ltzoo.writer_lock import WriterLock

FORMAT = 1


class RunFolder:
    """`run.json`, `checkpoint/`, `model.keras`, `history.csv`, results and `report/` in one folder.

    Results are `result.json`, `per_class.csv` and `predictions.csv`.

    Every file is written whole or not at all.

    Args:
        path: the folder.
    """

    def __init__(self, path):
        self.path = Path(path).expanduser()
        self.lock = WriterLock(self.path)
        self.run = self.path / "run.json"
        self.checkpoint = self.path / "checkpoint"
        self.model = self.path / "model.keras"
        self.history = self.path / "history.csv"
        self.result = self.path / "result.json"
        self.per_class = self.path / "per_class.csv"
        self.predictions = self.path / "predictions.csv"
        self.report = self.path / "report"
        self.logs = self.path / "logs"
        self.rebalance = self.path / "rebalance.json"

    def is_run(self) -> bool:
        """Return whether the folder holds a run."""
        return self.run.is_file()

    def claim(self, resume: bool) -> None:
        """Refuse a folder that something else is in, or that another process writes into.

        Leftovers of a process that was killed before it wrote `run.json` do not count.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"--out must be a folder. Received: the file {self.path}")
        self.lock.check()
        if self.is_run():
            if not resume:
                raise UserError(
                    f"--out holds a run already. Resume it with --resume, or use a new folder. Received: {self.path}"
                )
            if self.rebalance.is_file():
                raise UserError(
                    "--out must be the run that was trained, not what 'ltzoo rebalance' wrote of it. "
                    f"Received: {self.path}"
                )
            return
        found = os.listdir(self.path) if self.path.is_dir() else []
        found = [name for name in found if not (name.startswith(".run.json.") and ".part" in name)]
        found = [name for name in found if not name.startswith(LOCK)]
        if found:
            raise UserError(
                f"--out must be a new or empty folder. Received: {self.path} with {sorted(found)[0]} in it"
            )

    def hold(self, resume: bool) -> None:
        """Hold the folder as its only writer until `release`; refuse it if another run was written meanwhile."""
        self.lock.take()
        if not resume and self.is_run():
            raise UserError(
                f"--out holds a run already. Resume it with --resume, or use a new folder. Received: {self.path}"
            )

    def release(self) -> None:
        """Let others write into the folder."""
        self.lock.release()

    def read(self) -> dict:
        """The content of `run.json`, with every field of the right type."""
        with mistake(f"{self.run} cannot be read"):
            content = json_text.read(self.run, RUN_BYTES)
            check_run(content, FORMAT)
        return content

    def read_result(self, path: Path, classes: int) -> dict:
        """Return the content of a file with results for `classes` classes, checked as `run.json` is."""
        with mistake(f"{path} cannot be read"):
            content = json_text.read(path, result_bytes(classes))
            check_result(content, classes)
        return content

    def write(self, content: dict) -> None:
        """Write `run.json`."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.run, {"format": FORMAT, **content})

    def write_history(self, history: dict[str, list]) -> None:
        """Write the lists of a Keras `History` to `history.csv`, one line per epoch."""
        keys = ["stage"] + [key for key in history if key != "stage"]
        with (
            atomic_write(self.history) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["epoch", *keys])
            for epoch, values in enumerate(
                zip(*(history.get(key, []) for key in keys), strict=True), start=1
            ):
                writer.writerow([epoch, *("" if value is None else _number(value) for value in values)])


def write_json(path: Path, content) -> None:
    """Write JSON whole or not at all; the same content gives the same bytes."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _number(value: float):
    return int(value) if float(value).is_integer() else f"{value:.6g}"
