"""A cache of decoded images on disk, so that only the first pass over a folder decodes its files.

`$LTZOO_CACHE/decoded` has one folder per way of decoding, with segments of up to 256 MiB: `NAME.pixels` holds images as
uint8 one after the other, and is mapped into memory; `NAME.index` holds a key, a checksum and flags per image. The key
contains path, size, time of change and inode of the file, so a changed file is decoded again. A segment is written by
one process, which only appends: first the pixels, then the entry. So what a killed process leaves is valid, and several
processes can share the cache. The checksum finds what a power cut left incomplete.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import stat
import threading
import time
import uuid
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, __version__, features

from ltzoo import cache
from ltzoo.data.image_fit import ImageFit

VERSION = 1
"""Number of the rules in docs/pixels.md; it changes whenever they give other pixels."""

LIMIT = 4 << 30
"""Most bytes of the cache, for all datasets together; less if the disk is nearly full."""

SEGMENT = 256 << 20
_SHARE_OF_DISK = 0.1
_KEY_BYTES = 16
_ENTRY = np.dtype([("key", f"V{_KEY_BYTES}"), ("sum", "<u4"), ("several", "u1"), ("spare", "V3")])
_FRESH_SECONDS = 2  # A file changed so recently may change again without a new time.
_IDLE_SECONDS = 600  # Segments that were used since are not removed.
_TOUCH_SECONDS = 60


class Cached(NamedTuple):
    """What is known of an image: its pixels, uint8 `[height, width, channels]`, and whether it has more frames."""

    pixels: np.ndarray
    several: bool


class DecodedCache:
    """Decoded images of one size.

    Args:
        fitted: the size, and how images take it.
        channels: 3 (RGB) or 1 (gray).
        folder: the cache; by default `decoded` in `ltzoo.cache.folder()`.
        limit: most bytes of the whole cache; by default `LIMIT`, or a tenth of the free disk if that is less.

    Raises:
        OSError: the folder cannot be made or read.
    """

    def __init__(
        self,
        fitted: ImageFit,
        channels: int,
        folder: str | os.PathLike | None = None,
        limit: int | None = None,
    ):
        self.fitted, self.channels = fitted, channels
        self.shape = (*fitted.image_size, channels)
        self.root = cache.folder() / "decoded" if folder is None else Path(folder)
        library = features.version("jpg") or ""
        settings = repr((VERSION, __version__, library, tuple(fitted), channels))
        self.folder = self.root / hashlib.blake2b(settings.encode(), digest_size=10).hexdigest()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.limit = _default_limit(self.root) if limit is None else limit
        self._guard = threading.Lock()
        self._segments: list[_Segment] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        self._own: _Segment | None = None
        self._full = False
        for index in sorted(self.folder.glob("*.index")):
            with contextlib.suppress(OSError):
                self._add(_Segment(index, self.shape))

    def __reduce__(self):
        return type(self), (self.fitted, self.channels, self.root, self.limit)

    def __len__(self) -> int:
        return len(self._places)

    def find(self, path: str, pixels: bool = True) -> Cached | None:
        """Return what is cached of a file, or None if that is nothing, or if the file has changed.

        Args:
            path: the file.
            pixels: False leaves the pixels unread; the result then holds none.
        """
        key = _key(path)
        place = None if key is None else self._places.get(key)
        if place is None:
            return None
        segment = self._segments[place[0]]
        segment.touch()
        found = segment.read(place[1], pixels)
        if found is None and key is not None:
            self._places.pop(key, None)
        return found

    def add(self, path: str, image: Image.Image, several: bool) -> np.ndarray:
        """Fit a decoded image to the size, keep it if there is room, and return its pixels.

        Args:
            path: the file that it was decoded from.
            image: the image.
            several: whether the file has more frames or pages.
        """
        pixels = self.fitted(image)
        key = None if self._full else _key(path)
        if key is not None:
            with self._guard:
                if key not in self._places and not self._full:
                    self._append(key, pixels, several)
        return pixels

    def _append(self, key, pixels, several):
        try:
            if self._own is None or self._own.is_full():
                room = min(SEGMENT, self.limit // 4) // pixels.nbytes
                if not room or not self._make_room(room * pixels.nbytes):
                    self._full = True
                    return
                self._own = _Segment(self.folder / f"{uuid.uuid4().hex}.index", self.shape, room)
                self._segments.append(self._own)
            self._own.append(key, pixels, several)
        except OSError:  # The disk is full, or the folder was removed: go on without.
            self._full = True
            return
        self._places[key] = (len(self._segments) - 1, len(self._own) - 1)

    def _add(self, segment):
        number = len(self._segments)
        self._segments.append(segment)
        for slot, key in enumerate(segment.keys()):
            self._places[key] = (number, slot)

    def _make_room(self, needed):
        """Remove segments that were not used for the longest time; return whether so many bytes fit."""
        found = []
        for path in self.root.glob("*/*.pixels"):
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in found)
        for used, size, path in sorted(found):
            if total + needed <= self.limit or time.time() - used < _IDLE_SECONDS:
                break
            with contextlib.suppress(OSError):
                path.with_suffix(".index").unlink(missing_ok=True)
                path.unlink()
                total -= size
        return total + needed <= self.limit


class _Segment:
    """Images of one size, one after the other, with their index.

    Args:
        index: the index file; the pixels are next to it.
        shape: `(height, width, channels)`.
        room: make the files, to append at most so many images to them; None reads those that are there.
    """

    def __init__(self, index: Path, shape: tuple[int, ...], room: int | None = None):
        self.index, self.pixels, self.shape = index, index.with_suffix(".pixels"), shape
        self.bytes = int(np.prod(shape))
        self.files: tuple[Any, ...] | None = None
        self.mapped: np.ndarray | None = None
        self.touched = 0.0
        if room is not None:
            self.files = tuple(io.FileIO(path, "x") for path in (self.pixels, index))
            self.entries, self.count = np.zeros(room, _ENTRY), 0
            return
        # More pixels than entries are of a process that was killed; fewer of a power cut.
        content = index.read_bytes()
        self.count = min(len(content) // _ENTRY.itemsize, self.pixels.stat().st_size // self.bytes)
        self.entries = np.frombuffer(content, _ENTRY, self.count)

    def __del__(self):
        for file in getattr(self, "files", None) or ():
            file.close()

    def __len__(self) -> int:
        return self.count

    def keys(self) -> list[bytes]:
        content = self.entries["key"].tobytes()
        return [content[at : at + _KEY_BYTES] for at in range(0, len(content), _KEY_BYTES)]

    def is_full(self) -> bool:
        return self.count == len(self.entries)

    def append(self, key: bytes, pixels: np.ndarray, several: bool) -> None:
        """Write an image and its entry.

        Raises:
            OSError: the disk is full, for example; the segment must not be used for more images.
        """
        assert self.files is not None
        content = pixels.tobytes()
        entry = np.array((key, zlib.crc32(content), several, b""), _ENTRY)
        for file, part in zip(self.files, (content, entry.tobytes()), strict=True):
            if file.write(part) != len(part):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.entries[self.count] = entry
        self.count += 1

    def read(self, slot: int, pixels: bool) -> Cached | None:
        """Return an image, or None if its pixels are not those that were written."""
        entry = self.entries[slot]
        several = bool(entry["several"])
        if not pixels:
            return Cached(np.empty(0, np.uint8), several)
        mapped = self.mapped
        if mapped is None or slot >= len(mapped):
            try:
                count = self.pixels.stat().st_size // self.bytes
                if slot >= count:
                    return None
                self.mapped = mapped = np.memmap(self.pixels, np.uint8, "r", shape=(count, *self.shape))
            except (OSError, ValueError):  # Another process removed it.
                return None
        found = np.array(mapped[slot])
        return Cached(found, several) if zlib.crc32(found.data) == entry["sum"] else None

    def touch(self) -> None:
        """Note that the segment is in use, for all processes."""
        now = time.monotonic()
        if now - self.touched > _TOUCH_SECONDS:
            self.touched = now
            with contextlib.suppress(OSError):
                os.utime(self.pixels)


def _key(path: str) -> bytes | None:
    """Return what identifies a regular file and its content; None if it was changed only now."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) or abs(time.time() - status.st_mtime) < _FRESH_SECONDS:
        return None
    identity = (
        f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {os.path.abspath(path)}"
    )
    return hashlib.blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=_KEY_BYTES).digest()


def _default_limit(root: Path) -> int:
    """Return `LIMIT`, or a tenth of what the disk has for the cache if that is less."""
    used = sum(path.stat().st_size for path in root.glob("*/*.pixels"))
    return int(min(LIMIT, _SHARE_OF_DISK * (shutil.disk_usage(root).free + used)))
