"""One writer per folder."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from ltzoo.files import host_name
from ltzoo.writer_lock import FILE_NAME, FolderInUseError, WriterLock

KILLED = """
import os, signal, sys
from ltzoo.writer_lock import WriterLock
WriterLock(sys.argv[1]).take()
os.kill(os.getpid(), signal.SIGKILL)
"""


def _write(folder, **changes):
    holder = {"host": host_name(), "pid": os.getpid(), "started": "2026-01-02T03:04:05+00:00", "token": "x"}
    (folder / FILE_NAME).write_text(json.dumps({**holder, **changes}))


def test_the_second_writer_is_refused_with_the_holder(tmp_path):
    with WriterLock(tmp_path / "run"):
        holder = json.loads((tmp_path / "run" / FILE_NAME).read_text())
        with pytest.raises(FolderInUseError) as caught:
            WriterLock(tmp_path / "run").take()
        for part in (f"process {os.getpid()}", host_name(), holder["started"], FILE_NAME, "Received: "):
            assert part in str(caught.value)
    assert os.listdir(tmp_path / "run") == []
    with WriterLock(tmp_path / "run"):
        assert os.listdir(tmp_path / "run") == [FILE_NAME]


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == [FILE_NAME]
    with WriterLock(tmp_path):
        assert json.loads((tmp_path / FILE_NAME).read_text())["pid"] == os.getpid()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(
    not os.path.exists("/proc/self/stat"), reason="other systems do not tell when a process started"
)
def test_a_number_that_another_process_has_now_is_no_holder(tmp_path):
    _write(tmp_path, process="1")
    with WriterLock(tmp_path):
        assert os.listdir(tmp_path) == [FILE_NAME]


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1], ids=["running", "absent"])
def test_locks_of_other_hosts_are_never_taken_over(tmp_path, pid):
    _write(tmp_path, host="elsewhere", pid=pid)
    with pytest.raises(
        FolderInUseError, match=rf"remove .*{FILE_NAME}.*process {pid} on elsewhere since 2026"
    ):
        WriterLock(tmp_path).take()
    assert os.listdir(tmp_path) == [FILE_NAME]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\x00\xff", "[" * 10**6])
def test_a_lock_that_names_nobody_is_kept(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text, encoding="latin-1")
    with pytest.raises(FolderInUseError, match="names no process"):
        WriterLock(tmp_path).take()
    assert (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)], ids=["folder", "pipe"])
def test_a_lock_that_is_no_file_is_kept(tmp_path, make):
    make(tmp_path / FILE_NAME)
    with pytest.raises(FolderInUseError, match="names no process"):
        WriterLock(tmp_path).take()
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_a_lock_that_another_process_took_meanwhile_is_not_removed(tmp_path):
    with WriterLock(tmp_path):
        _write(tmp_path, token="another")
    assert (tmp_path / FILE_NAME).exists()


def test_of_many_processes_one_takes_a_stale_lock(tmp_path):
    _write(tmp_path, pid=2**22 + 1)
    script = (
        "import sys\n"
        "from ltzoo.writer_lock import FolderInUseError, WriterLock\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    WriterLock(sys.argv[1]).take(); print('held', flush=True)\n"
        "except FolderInUseError:\n"
        "    print('refused', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.stdout.readline().strip() for process in started]
    for process in started:
        process.communicate("\n")
    assert sorted(answers) == ["held", "refused", "refused"]


def test_a_copy_of_a_held_folder_is_free(tmp_path):
    with WriterLock(tmp_path / "run"):
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
        with WriterLock(tmp_path / "copy"), pytest.raises(FolderInUseError):
            WriterLock(tmp_path / "run").take()
