"""Names from files, folders and cards in what the command prints, and in reports: nothing in them is obeyed."""

import io
import json
import os
import sys
import warnings

import click
import numpy as np
import pytest
from click.testing import CliRunner
from rich.table import Table

from ltzoo.cli.console import console, echo, encodable
from ltzoo.cli.user_errors import Commands, UserError, fold
from ltzoo.metrics import Result
from ltzoo.metrics.result import result_from_probabilities
from ltzoo.report import results_table, write_report

HOSTILE = "a\x1b[31m\x9b1m\u202eb\nc"
ESCAPED = r"a\x1b[31m\x9b1m\u202eb\nc"
BYTES = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("name, shown", [(HOSTILE, ESCAPED), (BYTES, r"caf\xe9"), ("猫 é", "猫 é")])
def test_lines_and_tables(name, shown, capsys):
    echo(f"file {name}")
    echo(f"file {name}", err=True)
    table = Table.grid()
    table.add_row(name.replace("\n", "\\n"))
    console().print(table)
    console().print(f"[red]{name} :dog:".replace("\n", "\\n"), soft_wrap=True)
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"file {shown}", shown, f"[red]{shown} :dog:"] and err == f"file {shown}\n"


def test_results_name_models_safely(capsys):
    result = result_from_probabilities(np.eye(2), [0, 1], [3, 2])
    assert isinstance(result, Result)
    console().print(results_table({HOSTILE: result}))
    out = capsys.readouterr().out
    assert r"\x1b[31m" in out and "\x1b" not in out and "\u202e" not in out


def test_errors_and_warnings_are_one_safe_line():
    @click.command()
    def fail():
        warnings.warn_explicit(
            f"the file {HOSTILE}", UserWarning, sys.modules[Commands.__module__].__file__, 1
        )
        raise UserError(f"https://me:secret@host/x.json?token=secret and {HOSTILE} and {BYTES}")

    group = Commands(commands={"fail": fail})
    done = CliRunner().invoke(group, ["fail"])
    warned, error = done.stderr.splitlines()
    assert done.exit_code == 2 and "secret" not in done.stderr and "\x1b" not in done.stderr
    assert warned.startswith(r"Warning: the file a\x1b[31m\x9b1m\u202eb c")
    assert error == r"Error: https://host/x.json and a\x1b[31m\x9b1m\u202eb c and caf\xe9"
    assert fold("a\n b\u2028c") == "a b c"


def test_streams_of_few_letters():
    assert encodable("猫–é", "ascii") == r"\u732b\u2013\xe9" and encodable("猫é", None) == "猫é"
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    before, sys.stdout = sys.stdout, stream
    try:
        echo("猫")
        console().print("é")
    finally:
        sys.stdout = before
    stream.flush()
    assert stream.buffer.getvalue().split() == [rb"\u732b", rb"\xe9"]


@pytest.mark.parametrize(
    "command",
    [["info"], ["list"], ["evaluate", "--data", "x"], ["predict", "x", "--model"], ["train", "--out", "x"]],
)
@pytest.mark.parametrize("name", [HOSTILE, BYTES, "\ud800", "https://me:secret@127.0.0.1:9/\x1b"])
def test_hostile_arguments_come_back_as_one_safe_line(command, name, invoke):
    done = invoke(*command, name)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1 and done.stdout == "", done.output
    assert not set(done.stderr[:-1]) & {"\x1b", "\x9b", "\u202e", "\n"} and "secret" not in done.stderr
    done.stderr.encode("utf-8")


def test_reports_have_no_hostile_names(tmp_path):
    result = result_from_probabilities(np.eye(3), [0, 1, 2], [30, 20, 10])
    names = [HOSTILE, BYTES, "<b>猫"]
    path = write_report(
        tmp_path,
        title=HOSTILE,
        class_counts=[30, 20, 10],
        class_names=names,
        results={BYTES: result},
        notes=[BYTES],
    )
    page = path.read_text(encoding="utf-8")
    assert "\x1b" not in page and "\u202e" not in page and r"\x1b[31m" in page and r"caf\xe9" in page
    assert "<b>猫" not in page


def photos(folder, names):
    from PIL import Image

    for value, name in zip((0, 200), names, strict=True):
        os.makedirs(folder / name)
        for number in range(6):
            pixels = np.full((8, 8, 3), value + number, "uint8")
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_folders_with_control_characters_train_and_predict_but_are_not_pushed(invoke, one_line, tmp_path):
    from tests.cli.conftest import SMALL

    names = ["a\n", "b\x1b[31m"]
    data, run = photos(tmp_path / "photos", names), tmp_path / "run"
    done = invoke("train", "cross_entropy", "--data", data, "--epochs", "1", "--out", run, *SMALL[:6])
    assert done.exit_code == 0 and "\x1b" not in done.output, (done.output, done.exception)
    assert json.loads((run / "run.json").read_text())["dataset"]["class_names"] == names
    assert "\x1b" not in (run / "report" / "report.html").read_text(encoding="utf-8")
    done = invoke("predict", data / names[1] / "0.png", "--model", run)
    assert done.exit_code == 0 and r"b\x1b[31m/0.png: " in done.stdout, done.output
    said = one_line("push", run, tmp_path / "out", "--weights-license", "MIT")
    assert "`class_names` must be " in said and "\x1b" not in said and not (tmp_path / "out").exists()


def test_folders_without_valid_unicode_are_refused(one_line, tmp_path):
    try:
        data = photos(tmp_path / "photos", [BYTES, "b"])
    except (OSError, UnicodeError):
        pytest.skip("this file system keeps names in UTF-8 only")
    said = one_line("train", "cross_entropy", "--data", data, "--out", tmp_path / "run")
    assert "`class_names` must be valid Unicode; rename" in said and not (tmp_path / "run").exists()
