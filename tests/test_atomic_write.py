"""Files written whole or not at all."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from ltzoo.files import atomic_write, host_name


def test_new_content_replaces_old_only_at_the_end(tmp_path):
    path = tmp_path / "folder" / "model.keras"
    with atomic_write(path) as temporary:
        temporary.write_text("first")
    with atomic_write(path) as temporary:
        assert temporary.parent == path.parent and temporary.suffix == ".keras"
        temporary.write_text("second")
        assert path.read_text() == "first"
    assert path.read_text() == "second"
    assert os.listdir(path.parent) == ["model.keras"]


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="must be a file"), atomic_write(tmp_path):
        pass


def test_killed_writer_leaves_the_old_file_and_the_next_one_cleans_up(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_text("old")
    script = (
        "import os, signal\n"
        "from ltzoo.files import atomic_write\n"
        f"with atomic_write({str(path)!r}) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script])
    assert killed.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2
    with atomic_write(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["weights.h5"]


@pytest.mark.parametrize("writer", [f"elsewhere-{2**22 + 1}-0a", f"{2**22 + 1}", "{host}-{pid}-0a"])
def test_files_of_other_writers_stay(tmp_path, writer):
    """Of another host, of an older version that did not name its host, of a running process of this host."""
    name = f".model.keras.{writer.format(host=host_name(), pid=os.getpid())}.part.keras"
    (tmp_path / name).touch()
    with atomic_write(tmp_path / "model.keras") as temporary:
        temporary.touch()
    assert sorted(os.listdir(tmp_path)) == sorted([name, "model.keras"])


def test_files_of_a_dead_process_of_this_host_go(tmp_path):
    (tmp_path / f".model.keras.{host_name()}-{2**22 + 1}-0a.part.keras").touch()
    with atomic_write(tmp_path / "model.keras") as temporary:
        temporary.touch()
    assert os.listdir(tmp_path) == ["model.keras"]


def test_writers_of_one_file_never_share_a_temporary_file(tmp_path):
    names, errors = set(), []

    def write(number):
        try:
            for _ in range(20):
                with atomic_write(tmp_path / "result.json") as temporary:
                    names.add(temporary.name)
                    temporary.write_text(str(number))
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(names) == 80
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_pipe_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="regular file"), atomic_write(pipe):
        pass
    assert pipe.is_fifo()
