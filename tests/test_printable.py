"""Text for a terminal: what it would obey is an escape, all else stays."""

import os

import pytest

from ltzoo.printable import is_printable, printable, shown_address, without_secrets


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[31mred", r"\x1b[31mred"), ("\x9b31m", r"\x9b31m"), ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x00\x07\x7f", r"\x00\x07\x7f"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"), ("\u2066x\u2069", r"\u2066x\u2069"), ("\u2028", r"\u2028"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"), ("\ud800", r"\ud800"), ("\U000e0041", r"\U000e0041"), ("\x85", r"\x85"),
    ],
)  # fmt: skip
def test_what_a_terminal_obeys_becomes_an_escape(text, shown):
    assert printable(text) == shown and printable(shown) == shown
    assert not is_printable(text) and is_printable(shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "text",
    ["猫", "café", "ไทย", "می\u200cخواهم", "👩\u200d🔬", "naïve – “x”", "a b", "[red]x[/red]", ":dog:"],
)
def test_every_script_stays(text):
    assert printable(text) == text and is_printable(text)


def test_line_feeds_may_stay():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@pytest.mark.parametrize(
    "address, shown",
    [
        ("https://me:secret@host/x.json?token=secret#sha256=1", "https://host/x.json"),
        ("https://secret@host:8080/x?X-Amz-Signature=secret", "https://host:8080/x"),
        ("https://host/a\x1bb?secret", r"https://host/a\x1bb"),
        ("hf://me/repo/x.json@v1", "hf://me/repo/x.json@v1"),
        ("hf://me:secret@host/repo/x", "hf://host/repo/x"),
        ("https://me:secret@[host/x?secret", "https://[host/x"),
        ("photos/a@b?.json", "photos/a@b?.json"),
    ],
)
def test_addresses_are_shown_without_secrets(address, shown):
    assert shown_address(address) == shown
    assert "secret" not in without_secrets(f"Invalid URL '{address}': no host, see {address} too.")
