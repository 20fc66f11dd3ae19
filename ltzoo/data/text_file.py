"""Text files as editors, spreadsheets and shells of any system write them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

_LARGEST_BYTES = 1 << 30
_BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with the mark of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def read_text(file: Path, kind: str) -> str:
    """Return the text of a file: UTF-8, with or without a byte order mark, or UTF-16 or UTF-32 with one.

    Args:
        file: the file.
        kind: what it should be, for error messages: "list" or "table".

    Raises:
        ValueError: the file is larger than 1 GiB or not such text. The message names file and line.
    """
    size = file.stat().st_size
    if size > _LARGEST_BYTES:
        raise ValueError(f"{file} must be a {kind} file of at most 1 GiB. Received: {size} bytes")
    content = file.read_bytes()
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\n|\r", content[: error.start])) + 1
        place = f"{file}, line {line}" if encoding.startswith("utf-8") else f"{file}, byte {error.start}"
        raise ValueError(
            f"{place}: the text must be UTF-8, or UTF-16 with a byte order mark; save the file as UTF-8. "
            f"Received: {content[error.start : error.start + 8]!r}, which is not {encoding.upper()}"
        ) from error
    if "\0" in text:
        line = len(re.findall(r"\r\n|\n|\r", text[: text.index("\0")])) + 1
        raise ValueError(
            f"{file}, line {line}: a {kind} must be plain text; save the file as UTF-8. Received: a zero byte"
        )
    return text
