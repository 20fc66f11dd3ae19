"""What a command writes replaces nothing but what it wrote before."""

import os
import shutil

import pytest

from tests.cli.conftest import write_photos


@pytest.fixture
def farm(tmp_path):
    return write_photos(tmp_path / "farm")


COMMANDS = {
    "--write": ("check", "{}", "--no-features"),
    "--json": ("check", "{}", "--no-features"),
    "--out": ("check", "{}", "--no-features"),
    "advise --json": ("advise", "--data", "{}", "--no-timing"),
}


@pytest.mark.parametrize("option", COMMANDS)
def test_other_files_are_never_replaced(farm, one_line, tmp_path, option):
    words = [word.format(farm) for word in COMMANDS[option]]
    option = option.split()[-1]
    others = [tmp_path / "own.html"] if option == "--out" else [farm / "cat/0.png", tmp_path / "labels.csv"]
    for other in others:
        if not other.exists():
            other.write_text("path,label\na.png,cat\n")
        before = other.read_bytes()
        assert "holds something else" in one_line(*words, option, other)
        assert other.read_bytes() == before


@pytest.mark.parametrize("option", COMMANDS)
def test_own_files_are_replaced(farm, invoke, tmp_path, option):
    words = [word.format(farm) for word in COMMANDS[option]]
    target = tmp_path / "out.html"
    for _ in range(2):
        done = invoke(*words, option.split()[-1], target)
        assert done.exit_code == 0, (done.output, done.exception)


def test_files_of_a_run_stay(run, one_line, invoke, tmp_path):
    run = shutil.copytree(run, tmp_path / "run")
    for option, name in (
        ("--json", "run.json"), ("--json", "result.json"), ("--json", "model.keras"), ("--predictions", "history.csv"),
        ("--predictions", "predictions.csv"),
    ):  # fmt: skip
        before = (run / name).read_bytes()
        assert option in one_line("evaluate", run, option, run / name)
        assert (run / name).read_bytes() == before
    for _ in range(2):
        done = invoke("evaluate", run, "--json", run / "own.json", "--predictions", run / "own.csv")
        assert done.exit_code == 0, done.output


def test_pipes_and_devices_stay(run, farm, one_line, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    for target in (pipe, tmp_path / "stdout"):
        assert "no device or pipe" in one_line("check", farm, "--no-features", "--write", target)
        assert "no device or pipe" in one_line("evaluate", run, "--json", target)
    assert pipe.is_fifo()
