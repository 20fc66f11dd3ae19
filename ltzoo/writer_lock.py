"""One writer per folder: a lock file that names its holder."""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from ltzoo.files import host_name, is_running
from ltzoo.readers import json_text

FILE_NAME = "writer.lock"
_BYTES = 10_000
# Seconds in which a process that has made its lock file writes its name into it.
_NAMED_AFTER = 0.5


class FolderInUseError(ValueError):
    """Another process writes into the folder, or may do so; the message names it."""


class WriterLock:
    """Hold a folder for one writer, by a file `writer.lock` that only one process can create.

    It needs no locks of the file system, so it works on Windows and on network drives. A killed process leaves its
    file. The next writer on the same host takes it over, since it sees that the process has ended; so it does in a copy
    of the folder. A file of another host, or of another container, is never taken over: remove it by hand once that
    process has ended.

        with WriterLock("runs/photos"):
            ...

    Args:
        folder: the folder; made when the lock is taken.

    Raises:
        FolderInUseError: when taken: another process holds the folder.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.path = Path(folder) / FILE_NAME
        self._token = uuid.uuid4().hex
        self._file: int | None = None

    def __enter__(self) -> WriterLock:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def take(self) -> None:
        """Create the lock file, or raise a `FolderInUseError` that names its holder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            self.check()
            with contextlib.suppress(FileExistsError):
                self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        # The file stays open: Windows then keeps other processes from removing it.
        os.write(self._file, json.dumps(self._description()).encode())

    def check(self) -> None:
        """Remove the lock of a process of this host that has ended; refuse the lock of any other."""
        text = self._read_named()
        if text is None:
            return
        holder = _holder(text)
        if holder.get("host") != host_name() or (_runs(holder) and not self._is_copy(holder)):
            raise FolderInUseError(self._refusal(holder))
        aside = self.path.with_name(f"{FILE_NAME}.{self._token}")
        try:
            os.rename(self.path, aside)
        except FileNotFoundError:
            return
        except PermissionError:  # Windows: its holder has it open.
            raise FolderInUseError(self._refusal(holder)) from None
        if self._read(aside) == text:
            aside.unlink()
        else:  # A new holder came in between.
            os.rename(aside, self.path)

    def release(self) -> None:
        """Remove the lock file, if this object made it."""
        if self._file is None:
            return
        os.close(self._file)
        self._file = None
        text = self._read(self.path)
        if text is not None and _holder(text).get("token") == self._token:
            self.path.unlink(missing_ok=True)

    def _description(self) -> dict[str, Any]:
        return {
            "host": host_name(),
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "process": _process_start(os.getpid()),
            "folder": self._folder(),
            "token": self._token,
        }

    def _folder(self) -> str:
        return str(self.path.parent.resolve())

    def _is_copy(self, holder: dict[str, Any]) -> bool:
        """Return whether the holder of this host took the lock of another folder, which was copied since."""
        return holder.get("folder", self._folder()) != self._folder()

    def _refusal(self, holder: dict[str, Any]) -> str:
        if holder:
            who = f"process {holder.get('pid')} on {holder.get('host')} since {holder.get('started')}"
        else:
            who = "a lock file that names no process"
        return (
            f"{self.path.parent} must have one writer at a time. Wait for the other training to end, or use another "
            f"folder; if that process has ended, remove {self.path}. Received: a folder held by {who}"
        )

    def _read_named(self) -> str | None:
        """Read the lock file; wait a moment for a holder that has just made it."""
        end = time.monotonic() + _NAMED_AFTER
        while True:
            text = self._read(self.path)
            if text is None or _holder(text) or time.monotonic() > end:
                return text
            time.sleep(0.02)

    @staticmethod
    def _read(path: Path) -> str | None:
        try:
            if not path.is_file():  # A folder, or a pipe, which would be waited for.
                return "" if os.path.lexists(path) else None
            with path.open("rb") as file:
                return file.read(_BYTES).decode(errors="replace")
        except FileNotFoundError:
            return None


def _holder(text: str) -> dict[str, Any]:
    try:
        holder = json_text.parse(text)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) and isinstance(holder.get("pid"), int) else {}


def _runs(holder: dict[str, Any]) -> bool:
    """Return whether the holder runs: a process with its number that was started at the same moment."""
    if os.name == "nt":
        return False  # Windows does not let the file of a running holder be renamed, so `check` finds out.
    started = _process_start(holder["pid"])
    return is_running(holder["pid"]) and started in (None, holder.get("process"))


def _process_start(process: int) -> str | None:
    """Return when a process started, as Linux counts it; None elsewhere. Numbers of processes are used again."""
    try:
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        )
        return fields.split()[19]
    except (OSError, IndexError):
        return None
