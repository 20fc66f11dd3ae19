"""Downloads from a real server that cuts the connection, lies about length and sends wrong bytes."""

import errno
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from ltzoo.models import download as module
from ltzoo.models.addresses import fetch
from ltzoo.models.download import download
from ltzoo.models.errors import WeightsError
from ltzoo.models.part_file import PartFile
from tests.models.web_server import Answer, serve

CONTENT = random.Random(0).randbytes(500_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
HALF = Answer(cut=SIZE // 2)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "gcl.weights.h5"


def left(target):
    """What lies in the folder besides the lock."""
    return sorted(name for name in os.listdir(target.parent) if not name.endswith(".lock"))


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
        with pytest.raises(WeightsError, match="cut after .* 4 tries. .* bytes so far are kept"):
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
        with pytest.raises(WeightsError, match="4 tries"):
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
    with serve(CONTENT, Answer(announced=announced)) as server:
        with pytest.raises(WeightsError, match=f"{announced:,} bytes announced, expected {SIZE:,}"):
            download(server.url(), target, sha256=SHA256, size=SIZE)
    assert left(target) == []


def test_a_length_that_is_too_short_is_found_out_by_the_hash(target):
    with serve(CONTENT, Answer(announced=SIZE // 2)) as server:
        with pytest.raises(WeightsError, match=f"another file .* {SIZE // 2:,} bytes .* expected {SHA256}"):
            download(server.url(), target, sha256=SHA256)
    assert left(target) == []


def test_a_length_that_is_too_long_does_no_harm(target):
    with serve(CONTENT, Answer(announced=SIZE + 1000)) as server:
        download(server.url(), target, sha256=SHA256)
        assert (
            target.read_bytes() == CONTENT
        )  # Asked for the bytes after the end, the server says that it has none.
        server.answers = [Answer(announced=SIZE + 1000, ranges=False)]
        with pytest.raises(WeightsError, match=f"cut after {SIZE:,} bytes.* 4 tries"):
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
        with pytest.raises(WeightsError, match="500 Internal Server Error, after 4 tries"):
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
    with serve(CONTENT, Answer(302, {"Location": "/gcl.weights.h5"})) as server:
        with pytest.raises(WeightsError, match="redirects"):
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
    with pytest.raises(WeightsError, match="127.0.0.1:9/x: no answer .*refused.*4 tries"):
        download("http://user:secret@127.0.0.1:9/x", target, sha256=SHA256)
    with pytest.raises(WeightsError, match="cannot be fetched"):
        download("http://:x", target, sha256=SHA256)


def test_ctrl_c_leaves_a_part_that_the_next_call_goes_on_with(target):
    with serve(CONTENT, Answer(pause=0.01)) as server:

        def interrupt():
            while server.sent < SIZE // 3:
                time.sleep(0.002)
            os.kill(os.getpid(), signal.SIGINT)

        stopper = threading.Thread(target=interrupt)
        stopper.start()
        with pytest.raises(KeyboardInterrupt):
            download(server.url(), target, sha256=SHA256, size=SIZE)
        stopper.join()
        kept = PartFile(target).size
        assert 0 < kept < SIZE and not target.exists()
        server.answers[:] = [Answer()]
        download(server.url(), target, sha256=SHA256, size=SIZE)
        assert server.ranges() == [None, f"bytes={kept}-"]
    assert target.read_bytes() == CONTENT and left(target) == [target.name]


# The package `ltzoo.models` without what it imports: Keras would take seconds in each process.
CHILD = """
import pathlib, sys, types
sys.argv[0] = "ltzoo"
import ltzoo
models = sys.modules["ltzoo.models"] = types.ModuleType("ltzoo.models")
models.__path__ = [ltzoo.__path__[0] + "/models"]
import ltzoo.models.find_weights
print(sorted({"requests", "urllib3", "filelock", "rich", "keras", "huggingface_hub"} & set(sys.modules)))
from ltzoo.models.download import download
download(sys.argv[1], pathlib.Path(sys.argv[2]), sha256=sys.argv[3])
"""


def start_child(server, target):
    command = [sys.executable, "-c", CHILD, server.url(), str(target), SHA256]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_fetch_one_file_once_and_a_killed_one_does_not_block(target):
    with serve(CONTENT, Answer(pause=0.02)) as server:
        victim = start_child(server, target)
        while server.sent < SIZE // 3:
            assert victim.poll() is None, victim.communicate()
            time.sleep(0.005)
        victim.kill()
        victim.communicate()
        kept = PartFile(target).size
        assert 0 < kept < SIZE and not target.exists()
        before = server.sent
        children = [start_child(server, target) for _ in range(2)]
        for child in children:
            assert child.communicate(timeout=60) == ("[]\n", "") and child.returncode == 0
        assert server.ranges() == [None, f"bytes={kept}-"]
        assert before <= server.sent <= 2 * SIZE - kept
    assert target.read_bytes() == CONTENT and left(target) == [target.name]


def test_a_full_disk_leaves_nothing(target, monkeypatch):
    with serve(CONTENT) as server:
        with monkeypatch.context() as patch:
            usage = shutil.disk_usage(target.parent.parent)._replace(free=SIZE - 1)
            patch.setattr(module.shutil, "disk_usage", lambda path: usage)
            with pytest.raises(
                OSError, match="is full: 500,000 bytes are to come. Make room, .*LTZOO_CACHE"
            ) as caught:
                download(server.url(), target, sha256=SHA256, size=SIZE)
            assert caught.value.errno == errno.ENOSPC and server.sent < SIZE
        assert left(target) == []
        if os.path.exists("/dev/full"):  # Every write to it fails as on a full disk.
            start = PartFile.start

            def start_on_full_disk(self, validator):
                start(self, validator)
                self.path.unlink()
                self.path.symlink_to("/dev/full")

            monkeypatch.setattr(PartFile, "start", start_on_full_disk)
            with pytest.raises(OSError, match="is full: No space left on device"):
                download(server.url(), target, sha256=SHA256, size=SIZE)
            assert left(target) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OSError, match="cannot be written: .*LTZOO_CACHE"):
        download("http://127.0.0.1:9/x", tmp_path / "cache" / "x", sha256=SHA256)


def test_a_bar_on_a_terminal_only(target, monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with serve(CONTENT, HALF, Answer()) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
    out, err = capfd.readouterr()
    assert out == "" and target.name in err and "500.0/500.0 kB" in err


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
