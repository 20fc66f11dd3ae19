"""The command as a whole: help, start-up, and what a user sees of errors."""

import subprocess
import sys

import click
import pytest

import ltzoo
from ltzoo import shipped
from ltzoo.cli import cli
from ltzoo.cli.user_errors import Commands, UserError, fold
from tests.tiny import dataset

COMMANDS = (
    "advise",
    "train",
    "evaluate",
    "compare",
    "check",
    "predict",
    "rebalance",
    "export",
    "push",
    "list",
    "info",
    "convert",
    "demo",
)


def in_fresh_process(code):
    """Run code and return its standard output."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_has_help_with_an_example_that_keeps_its_lines(invoke):
    assert sorted(cli.commands) == sorted(COMMANDS)
    for name in COMMANDS:
        done = invoke(name, "--help")
        assert done.exit_code == 0
        lines = [line.strip() for line in done.stdout.splitlines()]
        start = next(number for number, line in enumerate(lines) if line in ("Example:", "Examples:"))
        assert lines[start + 1].startswith(f"ltzoo {name}")


def test_help_lists_the_commands_with_whole_sentences(invoke):
    done = invoke("--help")
    assert done.exit_code == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert "..." not in done.stdout.partition("Commands:")[2]


def test_version(invoke):
    assert ltzoo.__version__ in invoke("--version").stdout


def test_start_up_and_the_zoo_commands_import_neither_keras_nor_matplotlib():
    loaded = in_fresh_process(
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from ltzoo.cli import cli\n"
        f"for arguments in (['--help'], ['train', '--help'], ['list'], ['info', {shipped.names()[0]!r}]):\n"
        "    assert CliRunner().invoke(cli, arguments).exit_code == 0\n"
        "names = ('keras', 'tensorflow', 'jax', 'torch', 'matplotlib')\n"
        "print([name for name in names if name in sys.modules])"
    )
    assert loaded.strip() == "[]"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["trian"], "No such command 'trian'. Did you mean 'train'? Try 'ltzoo --help'. Received: ltzoo trian"),
        (["train", "gcl", "--data", "digits_lt"], "'--out'. Try 'ltzoo train --help'. Received: no --out"),
        (["train", "gcl", "--out"], "'--out' requires an argument. Received: --out"),
        (["train", "gcl", "x", "--out", "{new}"], "(x). Try 'ltzoo train --help'. Received: ltzoo train"),
        (["train", "gcl", "--outt", "{new}"], "Try 'ltzoo train --help'. Received: --outt"),
        (["train", "gcl", "--seed=x", "--out", "{new}"], "Try 'ltzoo train --help'. Received: --seed=x"),
        (["train", "gcl", "--seed", "-1", "--out", "{new}"], "Try 'ltzoo train --help'. Received: --seed -1"),
        (["train", "gcl", "--resume=1", "--out", "{new}"], "does not take a value. Received: --resume=1"),
        (["--nope"], "Try 'ltzoo --help'. Received: --nope"),
        (["train", "--data", "digits_lt", "--out", "{new}"], "Try 'ltzoo train --help'. Received: no RECIPE"),
        (["train", "--data", "no_such_folder", "--out", "{new}"], "--data must be a folder with one sub-folder"),
        (["train", "gcl", "--out", "{new}"], "Try 'ltzoo train --help'. Received: no --data"),
        (["train", "gcll", "--data", "digits_lt", "--out", "{new}"], "Did you mean 'gcl'?"),
        (["train", "gcl", "--data", "no_such_folder", "--out", "{new}"], "digits_lt"),
        (["train", "gcl", "--data", "{folder}", "--out", "{new}"], "no subfolder"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--epochs", "2,x"], "Received: '2,x'"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--epochs", "1,2,3"], "2 stages"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--backbone", "resnet9"], "resnet20"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--backbone", "resnet8:x=1"], "has no argument `x`"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--set", "color=1"], "Received: color=1"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--set", "color"], "KEY=VALUE"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--imbalance-factor", "0.5"], "range x>=1"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--data-dir", "x"], "--data-dir must exist"),
        (["train", "gcl", "--data", "digits_lt", "--out", "{new}", "--channels", "1"], "--channels does not apply"),
        (["train", "gcl", "--data", "imagenet_lt", "--out", "{new}"], "ImageNet_LT_train.txt"),
        (["evaluate", "no_such_model"], "does not exist"),
        (["evaluate", "{folder}"], "not a run folder"),
        (["evaluate", "{file}"], "must be a .keras file"),
        (["evaluate", "{keras}", "--data", "digits_lt"], "cannot be loaded"),
        (["evaluate", "{keras}"], "Missing option '--data'"),
        (["predict", "--model", "x"], "Missing argument 'IMAGE...'. Try 'ltzoo predict --help'. Received: no IMAGE..."),
        (["predict", "a.png", "--model", "no_such_model"], "does not exist"),
        (["export", "no_such_model", "--out", "{new}"], "does not exist"),
        (["export", "no_such_model", "--out", "{folder}"], "--overwrite"),
        (["export", "no_such_model", "--out", "{new}", "--format", "onnx"], "must end in .onnx"),
        (["list", "zzz*"], "zzz*"),
        (["list", "zzz*", "--kind", "recipes"], "cross_entropy, "),
        (["info", "no_such_entry"], "'ltzoo list'"),
        (["demo", "--out", "{file}"], "must be a folder"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(one_line, tmp_path, arguments, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "file.keras").write_text("no zip file")
    places = {"new": "new", "folder": "folder", "file": "file.txt", "keras": "file.keras"}
    arguments = [item.format(**{key: tmp_path / path for key, path in places.items()}) for item in arguments]
    assert words in one_line(*arguments)
    assert not (tmp_path / "new").exists()


def fail_with(action):
    """A command that does `action`."""
    group = Commands("ltzoo")
    group.add_command(click.Command("fail", callback=action))
    return group


def run_failing(action):
    from click.testing import CliRunner

    return CliRunner().invoke(fail_with(action), ["fail"])


def test_a_bug_keeps_its_traceback():
    def bug():
        return {}["missing"]

    assert isinstance(run_failing(bug).exception, KeyError)


def test_a_value_error_from_elsewhere_is_a_bug():
    assert isinstance(run_failing(lambda: int("x")).exception, ValueError)


def test_a_value_error_of_the_library_is_a_mistake():
    def mistake():
        dataset(counts=(3, 0))

    done = run_failing(mistake)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ") and "at least one" in done.stderr


def test_a_library_error_of_arithmetic_exits_with_1():
    from ltzoo.training.callbacks import StopOnNonFiniteLoss

    def diverge():
        callback = StopOnNonFiniteLoss(stage=1, lag=0)
        callback.on_epoch_begin(0)
        callback.on_train_batch_end(4, {"loss": float("nan")})

    done = run_failing(diverge)
    assert done.exit_code == 1
    assert "step 5" in done.stderr and len(done.stderr.splitlines()) == 1


def test_debug_shows_the_traceback_of_a_mistake(monkeypatch):
    def mistake():
        raise UserError("wrong")

    monkeypatch.setenv("LTZOO_DEBUG", "1")
    done = run_failing(mistake)
    assert done.exit_code == 2
    assert "Traceback" in done.stderr and "UserError: wrong" in done.stderr


def test_interrupt_exits_with_130():
    def interrupt():
        raise KeyboardInterrupt

    done = run_failing(interrupt)
    assert done.exit_code == 130
    assert done.stderr.strip() == "Interrupted."


def test_lines_of_a_message_are_folded():
    assert fold("one\n  two\n\nthree  four") == "one two three  four"
