"""Downloads from a real server that cuts the connection, lies about length and sends wrong bytes."""

import hashlib

import pytest

from ltzoo.models import download as module
from ltzoo.models.addresses import fetch
from ltzoo.models.download import download
from ltzoo.models.part_file import PartFile
from ltzoo.models.weights_errors import WeightsError
from tests.models.web_server import CONTENT, SHA256, SIZE, Answer, left, serve

HALF = Answer(cut=SIZE // 2)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "gcl.weights.h5"


def test_a_whole_file_comes_once(target, capfd):
    with serve(CONTENT) as server:
        for _ in range(2):
            assert download(server.url(), target, sha256=SHA256, size=SIZE) == target
        assert target.read_bytes() == CONTENT
        assert server.ranges() == [None] and server.sent == SIZE
    assert left(target) == [target.name]
    assert capfd.readouterr() == ("", "")


def test_after_a_cut_only_the_rest_is_asked_for(target):
    with serve(CONTENT, HALF, Answer()) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
        first, second = server.ranges()
        start = int(second.removeprefix("bytes=").removesuffix("-"))
        assert first is None and 0 < start <= SIZE // 2
        assert server.requests[1][1]["If-Range"] == '"1"'
        assert server.sent == SIZE // 2 + SIZE - start
    assert target.read_bytes() == CONTENT and left(target) == [target.name]


def test_many_cuts_do_not_matter_as_long_as_something_comes(target):
    with serve(CONTENT, Answer(cut=70_000)) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert len(server.requests) == 8 > module.TRIES
    assert target.read_bytes() == CONTENT


def test_a_dead_server_is_given_up_and_the_next_call_goes_on(target):
    with serve(CONTENT, HALF, Answer(cut=0)) as server:
        with pytest.raises(WeightsError, match="cut after .* 4 attempts. .* bytes so far are kept"):
            download(server.url(), target, sha256=SHA256, size=SIZE)
        assert len(server.requests) == 1 + module.TRIES and not target.exists()
    part = PartFile(target)
    assert part.path.read_bytes() == CONTENT[: part.size] != b""
    kept = part.size
    with serve(
        CONTENT
    ) as server:  # Another server: only the hash joins the parts; the tag is the same by chance.
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert server.ranges() == [f"bytes={kept}-"] and server.sent == SIZE - kept
    assert target.read_bytes() == CONTENT and left(target) == [target.name]


def test_a_server_without_ranges_sends_it_anew(target):
    with serve(CONTENT, Answer(cut=SIZE // 2, ranges=False), Answer(ranges=False)) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert server.ranges()[1] is not None and server.sent == SIZE // 2 + SIZE
    assert target.read_bytes() == CONTENT
    with serve(CONTENT, Answer(cut=SIZE // 2, ranges=False)) as server:
        with pytest.raises(WeightsError, match="4 attempts"):
            download(server.url(), target.with_name("other"), sha256=SHA256, size=SIZE)
        assert len(server.requests) == 1 + module.TRIES


def test_a_file_that_changed_meanwhile_is_sent_anew(target):
    with serve(CONTENT, HALF) as server:
        server.answers.append(Answer(etag='"2"'))
        PartFile(target).destination.parent.mkdir()
        download(server.url(), target)  # Without a hash: the tag alone tells.
        assert server.requests[1][1]["If-Range"] == '"1"' and server.sent == SIZE // 2 + SIZE
    assert target.read_bytes() == CONTENT


def test_a_part_of_an_older_file_is_found_out_by_the_hash(target):
    part = PartFile(target)
    target.parent.mkdir()
    part.start('"1"')
    part.path.write_bytes(b"old" * 1000)
    with serve(CONTENT) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert server.ranges() == ["bytes=3000-", None]
    assert target.read_bytes() == CONTENT


def test_a_part_that_nothing_identifies_is_not_used(target):
    part = PartFile(target)
    target.parent.mkdir()
    part.start(None)
    part.path.write_bytes(b"old" * 1000)
    with serve(CONTENT, Answer(etag=None)) as server:
        download(server.url(), target)
        assert server.ranges() == [None]
    assert target.read_bytes() == CONTENT


def test_a_weak_tag_does_not_join_parts_without_a_hash(target):
    with serve(CONTENT, Answer(cut=SIZE // 2, etag='W/"1"', headers={"Last-Modified": "then"})) as server:
        server.answers.append(Answer(etag="then", headers={"Last-Modified": "then"}))
        download(server.url(), target)
        assert server.requests[1][1]["If-Range"] == "then"
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("announced", [SIZE // 2, SIZE + 1000])
def test_a_wrong_length_is_refused_before_anything_is_fetched(target, announced):
    said = f"{announced:,} bytes announced, expected {SIZE:,}"
    with serve(CONTENT, Answer(announced=announced)) as server, pytest.raises(WeightsError, match=said):
        download(server.url(), target, sha256=SHA256, size=SIZE)
    assert left(target) == []


def test_a_length_that_is_too_short_is_found_out_by_the_hash(target):
    said = f"another file .* {SIZE // 2:,} bytes .* expected {SHA256}"
    with serve(CONTENT, Answer(announced=SIZE // 2)) as server, pytest.raises(WeightsError, match=said):
        download(server.url(), target, sha256=SHA256)
    assert left(target) == []


def test_a_length_that_is_too_long_does_no_harm(target):
    with serve(CONTENT, Answer(announced=SIZE + 1000)) as server:
        download(server.url(), target, sha256=SHA256)
        assert (
            target.read_bytes() == CONTENT
        )  # Asked for the bytes after the end, the server says that it has none.
        server.answers = [Answer(announced=SIZE + 1000, ranges=False)]
        with pytest.raises(WeightsError, match=f"cut after {SIZE:,} bytes.* 4 attempts"):
            download(server.url(), target.with_name("other"), sha256=SHA256)
    assert not target.with_name("other").exists()


def test_no_length_at_all(target):
    with serve(CONTENT, Answer(announced=None)) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert target.read_bytes() == CONTENT
        with pytest.raises(WeightsError, match="more than the 1,000 bytes expected"):
            download(server.url(), target.with_name("other"), sha256=SHA256, size=1000)
    assert left(target) == [target.name]


def test_wrong_bytes_are_deleted(target):
    wrong = CONTENT[:-1] + b"x"
    with serve(wrong, HALF, Answer()) as server:
        with pytest.raises(WeightsError) as caught:
            download(server.url(), target, sha256=SHA256, size=SIZE)
        assert SHA256 in str(caught.value) and hashlib.sha256(wrong).hexdigest() in str(caught.value)
        # What came in two pieces might have been of two versions; in one go it cannot be.
        assert server.ranges()[0] is None and server.ranges()[2:] == [None]
    assert left(target) == []


def test_a_file_with_the_wrong_hash_is_replaced_only_by_the_right_one(target):
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    with serve(b"wrong") as server, pytest.raises(WeightsError):
        download(server.url(), target, sha256=SHA256)
    assert target.read_bytes() == b"damaged"
    with serve(CONTENT) as server:
        download(server.url(), target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_statuses(target):
    with serve(CONTENT, Answer(404)) as server:
        with pytest.raises(WeightsError, match="gcl.weights.h5: the server answers 404 Not Found$"):
            download(server.url("/gcl.weights.h5?token=secret"), target, sha256=SHA256)
        assert len(server.requests) == 1
    with serve(CONTENT, Answer(500)) as server:
        with pytest.raises(WeightsError, match="500 Internal Server Error, after 4 attempts"):
            download(server.url(), target, sha256=SHA256)
        assert len(server.requests) == module.TRIES
    with serve(CONTENT, Answer(500), Answer(503), Answer()) as server:
        download(server.url(), target, sha256=SHA256)
        assert len(server.requests) == 3
    assert target.read_bytes() == CONTENT


def test_the_server_says_how_long_to_wait(target, monkeypatch):
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    with serve(
        CONTENT, Answer(429, {"Retry-After": "7"}), Answer(503, {"Retry-After": "9999"}), Answer()
    ) as server:
        download(server.url(), target, sha256=SHA256)
    assert [wait for wait in waits if wait > 1] == [7.0, module.LONGEST_WAIT]


def test_redirects_keep_the_range(target):
    with serve(CONTENT, HALF, Answer()) as server:
        moved = Answer(302, {"Location": server.url("/elsewhere/file")})
        server.answers[1:1] = [moved]
        server.answers.insert(0, moved)
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert [path for path, _ in server.requests] == ["/gcl.weights.h5", "/elsewhere/file"] * 2
        assert server.ranges()[2] == server.ranges()[3] is not None
    assert target.read_bytes() == CONTENT
    away = Answer(302, {"Location": "/gcl.weights.h5"})
    with serve(CONTENT, away) as server, pytest.raises(WeightsError, match="redirects"):
        download(server.url(), target.with_name("other"), sha256=SHA256)


def test_a_part_that_was_whole_already_needs_no_server(target):
    part = PartFile(target)
    target.parent.mkdir()
    part.start(None)
    part.path.write_bytes(CONTENT)
    download("http://127.0.0.1:9/never", target, sha256=SHA256, size=SIZE)
    assert target.read_bytes() == CONTENT and left(target) == [target.name]
    part.start('"1"')
    part.path.write_bytes(CONTENT)
    target.unlink()
    with serve(
        CONTENT
    ) as server:  # The size is not known, so the server is asked for what comes after the end.
        download(server.url(), target, sha256=SHA256)
        assert server.sent == 0
    assert target.read_bytes() == CONTENT


def test_no_server(target):
    with pytest.raises(WeightsError, match="127.0.0.1:9/x: no answer .*refused.*4 attempts"):
        download("http://user:secret@127.0.0.1:9/x", target, sha256=SHA256)
    with pytest.raises(WeightsError, match="cannot be fetched"):
        download("http://:x", target, sha256=SHA256)


def test_addresses(tmp_path, monkeypatch):
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path))
    with serve(CONTENT) as server:
        with pytest.raises(WeightsError, match="or http:// with a SHA-256"):
            fetch(server.url())
        with pytest.raises(WeightsError, match="must be https://"):
            fetch("ftp://server/x")
        for _ in range(2):
            path = fetch(f"{server.url()}#sha256={SHA256.upper()}")
        assert path.name == "gcl.weights.h5" and path.is_relative_to(tmp_path)
        assert path.read_bytes() == CONTENT and len(server.requests) == 1
        assert fetch(server.url("/other/gcl.weights.h5"), sha256=SHA256) != path
