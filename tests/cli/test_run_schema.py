"""Run folders from strangers: each command answers a bad one in one line, with exit code 2."""

import importlib.util
import json
import time

import pytest

from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError
from tests.cli.test_run_folder import CONTENT
from tests.fuzzing import damaged_json, put

FULL = {
    "format": 1,
    **CONTENT,
    "arguments": {
        **CONTENT["arguments"],
        "epochs": [2, 1], "batch_size": 8, "image_size": [8, 8], "channels": "1", "data_seed": 1,
        "precision": "float32", "imbalance_factor": 50.0, "validation_fraction": 0.1, "skip_unreadable": True,
        "start_from": "x.keras",
        "settings": [["mixup_alpha", 0], ["stage1", {"loss": {"name": "ldam"}}]], "data_dir": "x", "image_root": "y",
        "image_column": "file", "label_column": "species", "split_column": "part", "group_by": "folder:1",
    },
}  # fmt: skip
BAD = {
    "empty": "",
    "list": "[]",
    "deep": "[" * 100_000,
    "huge number": json.dumps({**FULL, "format": 10**19}).replace("1" + "0" * 19, "1" + "0" * 5000),
    "other format": json.dumps({**FULL, "format": 2}),
    "no arguments": json.dumps({key: value for key, value in FULL.items() if key != "arguments"}),
    "list of arguments": json.dumps({**FULL, "arguments": []}),
    "backend": json.dumps({**FULL, "backend": "\x1b[31m"}),
    "backend of a type": json.dumps({**FULL, "backend": ["jax"]}),
    "no data": json.dumps({**FULL, "arguments": {"recipe": "gcl", "seed": 0}}),
    "NaN": json.dumps({**FULL, "arguments": {**FULL["arguments"], "imbalance_factor": float("nan")}}),
    "twice": json.dumps(FULL).replace('"format": 1', '"format": 1, "format": 1'),
    "binary": "\x00\x01",
}
WRONG = {
    "recipe": [5, None, ["gcl"]], "data": [5, {}], "backbone": [5, "resnet8", {}, {"name": 5}],
    "seed": ["0", 0.5, True],
    "epochs": [5, [], [0], [10**9], ["2"], [1] * 101], "batch_size": [0, "8", 10**12], "image_size": [8, [8], [8, 0]],
    "channels": [1, "2"], "precision": [5, "\x1b"], "imbalance_factor": ["x", -1], "validation_fraction": [2, "x"],
    "settings": [5, [5], [["a"]], [[5, 5]]], "start_from": [5], "skip_unreadable": [1], "data_dir": [[]],
    "image_column": [5], "label_column": [None], "split_column": [["a"]], "group_by": [5, "x" * 10**6],
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_run_is_one_line_in_every_command(kind, one_line, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(BAD[kind])
    (tmp_path / "run" / "model.keras").write_bytes(b"damaged")
    run = tmp_path / "run"
    for arguments in (
        ("train", "--out", run, "--resume"),
        ("evaluate", run),
        ("push", run, tmp_path / "out", "--weights-license", "MIT"),
    ):
        assert "run.json cannot be read: " in one_line(*arguments)
    assert "damaged" in (run / "model.keras").read_text() and not (tmp_path / "out").exists()


def test_a_bad_model_in_a_run_is_one_line(one_line, tmp_path):
    run = tmp_path / "run"
    RunFolder(run).write(CONTENT)
    (run / "model.keras").write_bytes(b"damaged")
    commands = [
        ("evaluate", run),
        ("predict", run / "run.json", "--model", run),
        ("push", run, tmp_path / "out", "--license", "MIT"),
    ]
    if importlib.util.find_spec("tensorflow"):  # Without it, `export` asks for it first.
        commands.append(("export", run, "--out", tmp_path / "out"))
    for arguments in commands:
        assert "cannot be loaded" in one_line(*arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "field, value", [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_argument_is_named(field, value, tmp_path):
    run = RunFolder(tmp_path)
    run.run.write_text(json.dumps({**FULL, "arguments": {**FULL["arguments"], field: value}}))
    with pytest.raises(UserError, match=rf"`arguments.{field}` must be .*Received: "):
        run.read()


def test_the_whole_content_can_be_read(tmp_path):
    run = RunFolder(tmp_path)
    run.run.write_text(json.dumps({**FULL, "of a newer version": [1]}))
    assert run.read() == {**FULL, "of a newer version": [1]}


RESULT = {"seconds": 1.5, "split": "test", "result": {
    "top1": 0.5, "many": None, "nll": 1.5, "per_class": [0.5, None], "confusion": [[1, 2], [0, 0]], "bin_count": [3],
}}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": "x"}, {"seconds": -1}, {"split": "../x"}, {"split": 5}, {"result": 5},
        {"result": {"top1": "x"}}, {"result": {"confusion": [[1]]}}, {"result": {"confusion": 5}},
        {"result": {"confusion": [[1, 2], [3]]}}, {"result": {"per_class": [0.5]}}, {"result": {"bin_count": ["x"]}},
        {"weight_norms": [1]}, {"weight_norms": "x"},
    ],
)  # fmt: skip
def test_results_have_the_types_of_results(change, tmp_path):
    run = RunFolder(tmp_path)
    run.result.write_text(json.dumps(RESULT))
    assert run.read_result(run.result, 2) == RESULT
    run.result.write_text(json.dumps({**RESULT, **change}))
    with pytest.raises(UserError, match="result.json cannot be read: `.*` must be .*Received: "):
        run.read_result(run.result, 2)


def test_many_damaged_runs_are_equal_runs_or_refused(tmp_path):
    run, start, read = RunFolder(tmp_path), time.process_time(), 0
    for text in damaged_json(FULL, 2000):
        run.run.write_bytes(text)
        try:
            content = run.read()
        except UserError as error:
            assert "run.json cannot be read: " in error.message and "\n" not in error.message
            continue
        read += 1
        run.write({key: value for key, value in content.items() if key != "format"})
        assert run.read() == content
    assert 0 < read < 1000 and time.process_time() - start < 30


def test_many_damaged_results_are_read_or_refused(tmp_path):
    run, read = RunFolder(tmp_path), 0
    for text in damaged_json(RESULT, 2000):
        put(run.result, text)
        try:
            content = run.read_result(run.result, 2)
        except UserError as error:
            assert "result.json cannot be read: " in error.message and "\n" not in error.message
            continue
        read += 1
        assert content == json.loads(text)
    assert 0 < read < 1500


def test_results_of_nothing_are_null(tmp_path):
    run = RunFolder(tmp_path)
    run.result.write_text(json.dumps({**RESULT, "split": None, "result": None}))
    assert run.read_result(run.result, 2)["result"] is None
