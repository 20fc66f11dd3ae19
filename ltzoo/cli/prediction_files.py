"""Files of predictions, written while they are made, so that a stopped command can continue them."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltzoo.cli.user_errors import UserError

if TYPE_CHECKING:
    from ltzoo.models.predict_images import Prediction

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LARGEST = 1 << 34


class PredictionFile:
    """A CSV or JSON-lines file with one line per image.

    Lines are appended and reach the disk batch by batch. A line that was cut off by a kill is dropped when the file is
    continued.

    Args:
        path: the file.
        option: name of the option, for error messages.
        top: classes per image.
        resume: continue an existing file; see `has`.
        decisions: the decisions to write per image: "prediction_set", "unknown", both or none.

    Raises:
        UserError: the file exists and `resume` is False, or it is no file of such predictions.
    """

    def __init__(self, path: str, option: str, top: int, resume: bool, decisions: Sequence[str] = ()):
        self.path, self.option, self.top = Path(path).expanduser(), option, top
        self.decisions = tuple(decisions)
        self.is_csv = option == "--csv"
        self._done: set[str] = set()
        if self.path.exists():
            if not resume:
                raise UserError(
                    f"{option} must be a new file; --resume continues an existing one. Received: {path}"
                )
            self._continue()
        self._file = open(self.path, "a", newline="", encoding="utf-8")  # noqa: SIM115
        if self.is_csv and self.path.stat().st_size == 0:
            self._file.write(_csv_line(self._header()))

    def has(self, source: str) -> bool:
        """Return whether the continued file has this image."""
        return (_harmless(source) if self.is_csv else source) in self._done

    @property
    def num_done(self) -> int:
        """The number of images that the continued file has."""
        return len(self._done)

    def write(self, predictions: Sequence[Prediction]) -> None:
        """Append predictions, and hand them to the operating system."""
        line: Callable[[Any], str] = self._as_csv if self.is_csv else self._as_json
        self._file.write("".join(line(prediction) for prediction in predictions))
        self._file.flush()

    def close(self) -> None:
        """Close the file, with all lines on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _header(self) -> list[str]:
        pairs = [[f"class_{n}", f"probability_{n}"] for n in range(1, self.top + 1)]
        return ["path", *(name for pair in pairs for name in pair), *self.decisions, "error"]

    def _as_csv(self, prediction: Prediction) -> str:
        row = [_harmless(prediction.source)]
        for name, probability in zip(prediction.names, prediction.probabilities, strict=True):
            row += [_harmless(name), f"{probability:.6f}"]
        row += [""] * (1 + 2 * self.top - len(row))
        row += [_cell(getattr(prediction, name)) for name in self.decisions]
        return _csv_line([*row, _harmless(prediction.error or "")])

    def _as_json(self, prediction: Prediction) -> str:
        classes = [
            {"name": name, "probability": round(probability, 8)}
            for name, probability in zip(prediction.names, prediction.probabilities, strict=True)
        ]
        decided = {name: getattr(prediction, name) for name in self.decisions}
        content = {"path": prediction.source, "classes": classes, **decided, "error": prediction.error}
        return json.dumps(content, ensure_ascii=True) + "\n"

    def _continue(self) -> None:
        if self.path.stat().st_size > _LARGEST:
            raise UserError(f"{self.option} must be of at most 16 GiB to be continued. Received: {self.path}")
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        try:
            text = content[:whole].decode("utf-8")
            self._done = self._sources_of_csv(text) if self.is_csv else self._sources_of_json(text)
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise UserError(
                f"{self.option} must be a file that this command wrote, with the same --top and decisions, to be "
                f"continued; use a new file. Received: {self.path}"
            ) from error
        if whole < len(content):
            with open(self.path, "r+b") as file:
                file.truncate(whole)

    def _sources_of_csv(self, text: str) -> set[str]:
        rows = csv.reader(io.StringIO(text))
        header = next(rows, None)
        if header is not None and header != self._header():
            raise ValueError("another header")
        return {row[0] for row in rows}

    def _sources_of_json(self, text: str) -> set[str]:
        fields, sources = {"path", "classes", *self.decisions, "error"}, set()
        for line in text.splitlines():
            content = json.loads(line)
            if set(content) != fields:
                raise ValueError("other fields")
            sources.add(str(content["path"]))
        return sources


def _cell(value: Sequence[str] | bool | None) -> str:
    """Return a decision as a cell: class names separated by " | ", "true", "false", or nothing for no decision."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return _harmless(" | ".join(value))


def _csv_line(row: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, on one line."""
    text = text.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n").replace("\r", "\\r")
    return "'" + text if text.startswith((*_FORMULA, "'")) else text
