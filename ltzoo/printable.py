"""Show names from files, folders, cards and lists in a terminal or a page, without what could take it over."""

import os
import re
import urllib.parse

# C0, DEL and C1 controls; Arabic letter mark, marks of direction, overrides and isolates; line and paragraph
# separators; the byte order mark, interlinear annotations and tags, which hide text; lone surrogates, such as bytes of
# a file name.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^/?#\s'\"]*@")
_SECRET = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://[^?#\s'\"]*)\?[^#\s'\"]*")


def printable(text: object, keep: str = "") -> str:
    r"""Return text with characters that a terminal obeys, or that hide or reorder text, written as escapes.

    Escapes are `\n`, `\x1b`, `\u202e`; a byte of a file name that is not UTF-8 becomes `\xff`. All other characters of
    any script stay, so the same text always looks the same.

    Args:
        text: a text, or anything with a `str`.
        keep: characters to leave unchanged, such as a line feed.
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), str(text))


def is_printable(text: str) -> bool:
    """Return whether `printable` would leave a text unchanged."""
    return _HIDDEN.search(text) is None


def without_secrets(text: object) -> str:
    """Return a text in which addresses have lost user name, password and query, which may hold a token."""
    return _SECRET.sub(r"\1", _USER.sub(r"\1", str(text)))


def shown_address(address: str | os.PathLike) -> str:
    """Return an address or path as errors show it: without user name, password, query and fragment."""
    text = os.fspath(address)
    if "://" not in text:
        return printable(text)
    try:
        parts = urllib.parse.urlsplit(text)
    except ValueError:
        return printable(without_secrets(text))
    place = parts.netloc.rpartition("@")[2]
    return printable(f"{parts.scheme}://{place}{parts.path}")


def _escaped(letter):
    code = ord(letter)
    if letter in _SHORT:
        return _SHORT[letter]
    if 0xDC80 <= code <= 0xDCFF:  # How Python reads the byte 0x80 to 0xFF in a file name.
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
