"""Downloads and the computer they run on: interruption, several processes, a full disk, a terminal."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from ltzoo.models import download as module
from ltzoo.models.download import download
from ltzoo.models.part_file import PartFile
from tests.models.web_server import CONTENT, SHA256, SIZE, Answer, left, serve


@pytest.fixture
def target(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    return tmp_path / "cache" / "gcl.weights.h5"


@pytest.fixture
def ctrl_c():
    """Python's own handler: a process that a shell started in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
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
            assert caught.value.errno == errno.ENOSPC
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
    with serve(CONTENT, Answer(cut=SIZE // 2), Answer()) as server:
        download(server.url(), target, sha256=SHA256, size=SIZE)
    out, err = capfd.readouterr()
    assert out == "" and target.name in err and "500.0/500.0 kB" in err
