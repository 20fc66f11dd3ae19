"""JSON from strangers: the limits, and that a hostile text takes no time."""

import json
import os
import time

import pytest

from ltzoo.readers import json_text


@pytest.mark.parametrize(
    "value", [None, True, 1.5, -3, 'é\n"\\', [], {}, {"a": [1, {"b": None}]}, "[" * 1000]
)
def test_values_come_back(value, tmp_path):
    for text in (json.dumps(value), json_text.dumps(value), json_text.dumps(value).encode()):
        assert json_text.parse(text) == value
    (tmp_path / "x.json").write_text(json_text.dumps(value), encoding="utf-8")
    assert json_text.read(tmp_path / "x.json") == value


def test_names_of_files_that_are_not_utf_8_can_be_written_and_come_back():
    name = os.fsdecode(b"caf\xe9")
    text = json_text.dumps({"name": name, "other": "café"})
    assert "café" in text and json_text.parse(text.encode("utf-8"))["name"] == name


@pytest.mark.parametrize(
    "text, limit",
    [
        ("[" * 17 + "]" * 17, "16 levels"),
        ('{"a":' * 17 + "1" + "}" * 17, "16 levels"),
        ("[" + "[]," * 200_000 + "[]]", "200,000 lists"),
        ("NaN", "finite"), ("-Infinity", "finite"), ("1e999", "finite"), ("9" * 21, "20 characters"),
        ('{"a": 1, "b": 2, "a": 1}', "'a' twice"),
    ],
)  # fmt: skip
def test_what_exceeds_a_limit_is_refused(text, limit):
    with pytest.raises(ValueError, match=f"`text` must .*{limit}|`text` must .*Received: {limit}"):
        json_text.parse(text)


def test_depth_in_a_string_is_text():
    assert json_text.parse('["' + "[" * 50 + '\\"' + "{" * 50 + '"]') == ["[" * 50 + '"' + "{" * 50]


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 200_000, '"' * 200_001, "[" * 10**6, '{"a' * 10**5, "\\" * 10**6]
)
def test_hostile_texts_take_no_time(text):
    start = time.process_time()
    with pytest.raises(ValueError):
        json_text.parse(text)
    assert time.process_time() - start < 2


def test_keys_that_repeat_among_many_take_no_time():
    text = "{" + ",".join(f'"{i}":1' for i in range(50_000)) + ',"49999":1}'
    start = time.process_time()
    with pytest.raises(ValueError, match="'49999' twice"):
        json_text.parse(text)
    assert time.process_time() - start < 2


def test_files_that_are_too_large_or_none(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[1, 2]")
    assert json_text.read(path, limit=6) == [1, 2]
    with pytest.raises(ValueError, match="at most 5 bytes"):
        json_text.read(path, limit=5)
    with pytest.raises(ValueError, match="regular file"):
        json_text.read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="regular file"):
            json_text.read(tmp_path / "pipe")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError):
        json_text.read(path)
    with pytest.raises(OSError):
        json_text.read(tmp_path / "none.json")


def test_plain_values():
    deep, ring = [], []
    for _ in range(10_000):
        deep = [deep]
    ring.append(ring)
    for value in (deep, ring, {1: 2}, [object()], float("nan"), {"a": float("inf")}, [0] * 200_001):
        with pytest.raises(ValueError, match="`it` must .*Received: "):
            json_text.check_plain(value, "it")
    json_text.check_plain({"a": (1, 2.5, None, "x", True, [])}, "it")


def test_what_is_no_json_ends_with_what_was_received():
    with pytest.raises(ValueError, match=r"`text` must be JSON: .*Received: '\{\"a\"'$"):
        json_text.parse('{"a"')
    with pytest.raises(ValueError, match=r"`text` must be UTF-8: .*Received: b'"):
        json_text.parse(b"\xff\xfe")
