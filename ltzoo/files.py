"""Files written whole or not at all, and the names of the processes that write them."""

import contextlib
import os
import re
import socket
import uuid
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

    Its name holds host, process and a random number, so writers in other threads, processes and hosts never share it.
    Files that a killed process of this host left are removed; those of other hosts stay.

    Args:
        path: The file to write. Its folder is made if missing; an existing file is replaced.

    Raises:
        IsADirectoryError: `path` is a folder.
        OSError: `path` is a device, pipe or socket, such as /dev/null, which would be gone.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, not a folder. Received: path={str(path)!r}")
    if is_special(path):
        raise OSError(
            f"path must be a regular file, as it is replaced. Received: path={str(path)!r}, a device or pipe"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    writer = f"{host_name()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    temporary = path.with_name(f".{path.name}.{writer}.part{path.suffix}")
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


def is_special(path: str | os.PathLike) -> bool:
    """Return whether a path is a device, pipe or socket, or a link to what a process has open (/dev/stdout)."""
    path = Path(path)
    if path.is_symlink() and os.readlink(path).startswith("/proc/"):
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def host_name() -> str:
    """Return the name of this host, with the number of the process namespace (container) where there are such.

    Only processes with the same name can tell by a process number whether the other one runs.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", socket.gethostname()) or "unknown"
    try:
        space = re.sub(r"[^0-9]", "", os.readlink("/proc/self/ns/pid"))
    except OSError:
        return name
    return f"{name}-{space}"


def is_running(process: int) -> bool:
    """Return whether a process of this host runs; True where the system cannot tell."""
    if process == os.getpid() or os.name == "nt":
        return True  # On Windows signal 0 would end the process.
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _remove_leftovers(path: Path) -> None:
    """Remove files that killed writers of `path` on this host left next to it."""
    head, tail = f".{path.name}.", f".part{path.suffix}"
    host = host_name()
    for name in os.listdir(path.parent):
        if name.startswith(head) and name.endswith(tail):
            writer = name[len(head) : -len(tail)].rsplit("-", 2)
            if (
                len(writer) == 3
                and writer[0] == host
                and writer[1].isdigit()
                and not is_running(int(writer[1]))
            ):
                (path.parent / name).unlink(missing_ok=True)


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
