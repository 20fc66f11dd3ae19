"""Files written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`, which replaces `path` when the block ends well.

    Whoever reads `path` sees the old content or the new, never a part, also when the process is killed
    or the power fails. When the block raises, the temporary file is removed and `path` stays as it was.
    The temporary path has the suffix of `path`, for writers that choose a format by it:

        with atomic_write("run/model.keras") as temporary:
            model.save(temporary)

    Args:
        path: The file to write. Its folder is made if missing; an existing file is replaced.

    Raises:
        IsADirectoryError: `path` is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, not a folder. Received: path={str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(written: str | os.PathLike, path: str | os.PathLike) -> None:
    """Rename a finished file of the same folder to `path`, so that it is there after a power cut too."""
    with open(written, "rb") as file:
        os.fsync(file.fileno())
    os.replace(written, path)
    _sync_folder(Path(path).parent)


def _remove_leftovers(path: Path) -> None:
    """Remove files that killed writers of `path` left next to it."""
    head, tail = f".{path.name}.", f".part{path.suffix}"
    for name in os.listdir(path.parent):
        if name.startswith(head) and name.endswith(tail):
            writer = name[len(head) : -len(tail)]
            if writer.isdigit() and not _is_running(int(writer)):
                (path.parent / name).unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if process == os.getpid() or os.name == "nt":
        return True  # On Windows signal 0 would end the process; leftovers stay there.
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system can do that for a folder."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # Some network file systems cannot; the file itself is on disk already.
    finally:
        os.close(descriptor)
