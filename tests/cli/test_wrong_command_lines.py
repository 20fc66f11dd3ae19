"""Wrong command lines: exit code 2 and one line, whatever the option and whatever is wrong with its value."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from ltzoo.checks import MAX_SEED
from ltzoo.cli import cli
from ltzoo.recipes import Recipe, Stage

ROOT = Path(__file__).resolve().parents[2]
HUGE = "9" * 5000
# No option that takes a number, a size or a name from a list accepts one of these.
BAD_VALUES = ("", "x", "-1", "nan", "inf", "1e400", HUGE, "0x", "üñí", "[" * 2000, "{}", "None")
# Commands with everything that they need, so that only the option in question is wrong.
WHOLE = {
    "advise": ["--data", "FOLDER"],
    "train": ["gcl", "--data", "digits_lt", "--out", "OUT"],
    "evaluate": ["gcl_resnet8_digits_lt"],
    "compare": ["OUT", "OUT.keras"],
    "check": ["FOLDER"],
    "predict": ["IMAGE", "--model", "gcl_resnet8_digits_lt"],
    "export": ["gcl_resnet8_digits_lt", "--out", "OUT"],
    "convert": ["FILE", "--entry", "gcl_resnet8_digits_lt", "--out", "OUT.keras"],
    "rebalance": ["gcl_resnet8_digits_lt", "--split", "test", "--out", "OUT.keras"],
    "push": ["gcl_resnet8_digits_lt", "OUT"],
    "list": [],
    "info": ["gcl_resnet8_digits_lt"],
    "demo": ["--out", "OUT"],
}


def typed_options():
    """Every option of every command that takes a value and does not take any text."""
    for name, command in cli.commands.items():
        for param in command.params:
            if isinstance(param, click.Option) and not param.is_flag and param.type is not click.STRING:
                yield pytest.param(name, param, id=f"{name}{param.opts[0]}")


def text_options():
    """Every option of every command that takes any text, such as a path."""
    for name, command in cli.commands.items():
        for param in command.params:
            if isinstance(param, click.Option) and not param.is_flag and param.type is click.STRING:
                yield pytest.param(name, param.opts[0], id=f"{name}{param.opts[0]}")


@pytest.fixture
def whole(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")

    def words(name):
        places = {"OUT": tmp_path / "out", "OUT.keras": tmp_path / "out.keras", "IMAGE": tmp_path / "a.png"}
        places |= {"FILE": tmp_path / "a.png", "FOLDER": tmp_path}
        return [name, *(str(places.get(word, word)) for word in WHOLE[name])]

    return words


def test_every_command_is_tried():
    assert set(WHOLE) == set(cli.commands)


@pytest.mark.parametrize("name, param", typed_options())
def test_options_refuse_values_of_another_type(one_line, whole, name, param):
    for value in BAD_VALUES:
        if isinstance(param.type, click.types.Choice) and value in param.type.choices:
            continue
        line = one_line(*whole(name), param.opts[0], value)
        assert len(line) < 3000


@pytest.mark.parametrize("name, option", text_options())
def test_options_with_any_text_refuse_an_empty_one(one_line, whole, name, option):
    line = one_line(*whole(name), option, "")
    assert "It must not be empty." in line and line.endswith("Received: ''")


@pytest.mark.parametrize("option", ["--seed", "--data-seed"])
@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**64, 1.5])
def test_seeds_out_of_range(one_line, whole, option, seed):
    assert option in one_line(*whole("train"), option, seed)


@pytest.mark.parametrize("value", ["0", "0x64", "64x", "5000", "64x5000", "-64", "99999999999"])
def test_image_sizes_out_of_range(one_line, whole, value):
    assert "of at most 4096 pixels" in one_line(*whole("train"), "--image-size", value)


@pytest.mark.parametrize("size", [0, -1, 2**20 + 1, 10**12])
@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_batch_sizes_out_of_range(one_line, whole, name, size):
    assert "1<=x<=1048576" in one_line(*whole(name), "--batch-size", size)


WRONG_JSON = {
    # A value of each type of JSON that each field refuses; null is the default of some.
    "epochs": ['"x"', "-1", "1.5", "NaN", "true", "{}", "[[1]]", "1000001", "[1,2,3]"],
    "batch_size": ['"x"', "0", "-1", "1.5", "NaN", "true", "{}", "[]", "null", "1000000000000"],
    "mixup_alpha": ["abc", "-1", "NaN", "Infinity", "true", "{}", "[]", "null", "1e9"],
    "scale": ["abc", "0", "-1", "NaN", "Infinity", "true", "{}", "[]"],
    "batch_norm": ["abc", "5", "true", "{}", "[]", "null", '"trian"'],
    "augment_on": ["abc", "5", "true", "{}", "[]", "null"],
    "trainable": ["5", "true", "{}", "[]", "null", "NaN", "[5]", '[""]', '"al"'],
    "reinitialize_head": ["5", "abc", "{}", "[]", "null"],
    "cache_features": ["5", "abc", "{}", "[]", "null"],
    "loss": ["5", "abc", "{}", "[]", "null", "NaN", '{"name":"ldan"}', '{"name":5}', '{"name":"ldam","scale":NaN}'],
    "optimizer": [
        "5", "abc", "[]", "null", "NaN", '{"name":"sdg"}', '{"name":5}', '{"name":"sgd","momentum":2}',
        '{"name":"sgd","momentum":"x"}', '{"name":"sgd","nope":1}', '{"name":"sgd","learning_rate":1}',
        '{"name":"sgd","l2":-1}', '{"name":"orthogonal_sgd","newton_schulz_steps":0}',
    ],
    "schedule": [
        "5", "abc", "{}", "[]", "null", '{"name":"cosin","learning_rate":1}', '{"learning_rate":"x"}',
        '{"learning_rate":-1}', '{"learning_rate":NaN}', '{"learning_rate":1,"warmup_epochs":-1}',
        '{"name":"multi_step","learning_rate":1}', '{"name":"cosine","learning_rate":1,"period":0}',
        '{"name":"multi_step","learning_rate":1,"milestones":5,"factors":[1]}', '{"learning_rate":1,"nope":2}',
    ],
    "sampler": [
        "5", "abc", "[]", "null", '{"strategy":"clas_balanced"}', '{"strategy":5}', '{"strategy":"cben","base":2}',
        '{"nope":1}', '{"views":0}', '{"strategy":"class_aware","samples_per_visit":0}', '{"companion":5}',
        '{"companion":{"strategy":"nope"}}', '{"epoch_length":NaN}',
    ],
    "augmentation": ["5", "abc", "null", "[5]", "[[]]", '[{"name":"nope"}]', '[{"name":"cutout","size":-1}]', "{}"],
    "head": ["5", "abc", "[]", "null", '{"name":"nope"}', '{"name":"dense","scale":-1}', "{}"],
    "cloud": ["5", "abc", "[]", '{"nope":1}', '{"noise_multiplier":NaN}', '{"strategy":5}', '{"scale":0}'],
    "technique": ["5", "abc", "[]", '{"name":"nope"}', '{"name":"max_norm","radius":-1}', "{}"],
    "conversions": ["5", "abc", "null", "[5]", '[{"name":"nope"}]', '[{"name":"lora","rank":0}]', "{}"],
    "name": ["5", "true", "{}", "[]", "null", '""', '"a/b"', '"../x"', '"é"'],
    "description": ["5", "true", "{}", "[]", "null"],
    "citation": ["5", "true", "{}", "[]", "null"],
    "stage1": ["5", "abc", "[]", '{"nope":1}', '{"batch_size":0}'],
    "nope": ["5"],
    "mixup_alfa": ["5"],
}  # fmt: skip


def test_every_field_of_a_recipe_is_tried():
    fields = {*Stage.__dataclass_fields__, *Recipe.__dataclass_fields__} - {"stages"}
    assert fields <= set(WRONG_JSON)


@pytest.mark.parametrize("field", WRONG_JSON)
def test_settings_of_another_type_or_range(one_line, whole, field):
    for value in WRONG_JSON[field]:
        line = one_line(*whole("train"), "--set", f"{field}={value}")
        assert "Received: " in line, (value, line)


@pytest.mark.parametrize("setting", ["", "x", "=1", "=", " =1"])
def test_settings_without_key_or_value(one_line, whole, setting):
    assert "Received" in one_line(*whole("train"), "--set", setting)


@pytest.mark.parametrize(
    "backbone",
    [
        "resnett8", ":", ":x", "5", "nope:ResNet50", "keras_applications:", "resnet8:nope=1", "resnet8:seed=-1",
        "resnet8:width_multiplier=abc", "resnet8:width_multiplier=NaN", "resnet8:width_multiplier=-1",
        "resnet8:width_multiplier=0", "resnet8:width_multiplier=1e9", "resnet8:width_multiplier=true",
        "resnet8:width_multiplier=null", "resnet8:width_multiplier", "resnet8:input_shape=5", "resnet8:name=x",
        "resnet8:seed=1,seed=2", "resnet10:stem=5", "fastnet:widths=abc",
    ],
)  # fmt: skip
def test_networks_with_wrong_names_or_arguments(one_line, whole, backbone):
    assert "Received" in one_line(*whole("train"), "--backbone", backbone)


def test_misspelled_names_are_answered_with_the_right_one(one_line, whole, tmp_path):
    out = tmp_path / "out"
    for words, right in (
        (["train", "glc", "--data", "digits_lt", "--out", out], "'gcl'"),
        (["train", "gcl", "--data", "digits_tl", "--out", out], "'digits_lt'"),
        ([*whole("train"), "--backbone", "resnett8"], "'resnet8'"),
        ([*whole("train"), "--set", "mixup_alfa=1"], "'mixup_alpha'"),
        ([*whole("train"), "--set", 'optimizer={"name":"adm"}'], "'adam'"),
        ([*whole("train"), "--set", 'schedule={"name":"cosin","learning_rate":1}'], "'cosine'"),
        ([*whole("train"), "--set", 'sampler={"strategy":"clas_balanced"}'], "'class_balanced'"),
        (["evaluate", "gcl_resnet8_digits"], "'gcl_resnet8_digits_lt'"),
        (["info", "gcl_resnet8_digits"], "'gcl_resnet8_digits_lt'"),
        (["convert", "x", "--to", "torch", "--layout", "misla", "--out", out], "'mislas'"),
        (["export", "gcl_resnet8_digits_lt", "--out", out, "--format", "onx"], "'onnx'"),
        (["list", "--kind", "los"], "'losses'"),
    ):
        assert f"Did you mean {right}?" in one_line(*words), words


def test_places_that_cannot_be_written(one_line, tmp_path):
    entry = "gcl_resnet8_digits_lt"
    (tmp_path / "file").write_text("x")
    inside, folder = tmp_path / "file" / "inside", tmp_path / "folder"
    folder.mkdir()
    for words in (
        ["train", "gcl", "--data", "digits_lt", "--out", inside],
        ["export", entry, "--out", inside],
        ["export", entry, "--out", tmp_path / "x.onnx"],  # A SavedModel is a folder.
        ["export", entry, "--out", folder, "--format", "torch"],
        ["evaluate", entry, "--json", tmp_path / "missing" / "x.json"],
        ["evaluate", entry, "--json", folder],
        ["convert", tmp_path / "file", "--entry", entry, "--out", inside.with_suffix(".keras")],
        ["push", entry, inside],
        ["push", entry, "s3://bucket/x"],
        ["push", entry, "hf://"],
        ["demo", "--out", inside],
        ["--parts", tmp_path / "missing.py", "list"],
    ):
        assert "Received" in one_line(*words), words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_datasets_with_missing_files(one_line, tmp_path):
    out = tmp_path / "out"
    for words in (
        ["train", "gcl", "--data", "imagenet_lt", "--out", out],
        ["train", "gcl", "--data", "imagenet_lt", "--out", out, "--data-dir", tmp_path],
        ["train", "gcl", "--data", "digits_lt", "--out", out, "--data-dir", tmp_path / "missing"],
        ["train", "gcl", "--data", "digits_lt", "--out", out, "--image-root", tmp_path / "missing"],
        ["train", "gcl", "--data", "digits_lt", "--out", out, "--channels", "1"],
        ["train", "gcl", "--data", "digits_lt", "--out", out, "--validation-fraction", "0.1"],
        ["evaluate", "gcl_resnet8_digits_lt", "--data", "digits_tl"],
    ):
        assert "Received" in one_line(*words), words
    assert not out.exists()


# Ends the process at the import of a framework.
NO_FRAMEWORK = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow", "jax", "torch"):
            raise SystemExit(f"{name} was imported")

sys.meta_path.insert(0, Refuse())
from ltzoo.cli import main
for words in WORDS:
    try:
        sys.argv = ["ltzoo", *words]
        main()
    except SystemExit as end:
        print(end.code)
"""


def test_names_paths_and_options_are_checked_before_a_framework_is_imported(tmp_path):
    entry, out = "gcl_resnet8_digits_lt", str(tmp_path / "out")
    (tmp_path / "file").write_text("x")
    train = ["train", "gcl", "--data", "digits_lt", "--out", out]
    wrong = [
        ["train", "glc", "--data", "digits_lt", "--out", out],
        ["train", "gcl", "--data", "digits_tl", "--out", out],
        ["train", "gcl", "--data", "imagenet_lt", "--data-dir", str(tmp_path), "--out", out],
        ["train", "gcl", "--data", "digits_lt", "--out", str(tmp_path / "file")],
        ["train", entry, "--epochs", "1,2,3", "--out", out],
        *([*train, *more] for more in (
            ["--backbone", "resnett8"], ["--backbone", "resnet8:width_multiplier=abc"], ["--epochs", "1,2,3"],
            ["--set", "loss=5"], ["--set", "nope=1"], ["--set", 'optimizer={"name":"nope"}'], ["--start-from", "nope"],
            ["--set", 'technique={"name":"nope"}'], ["--data-dir", "nope"], ["--seed", "-1"],
        )),
        ["evaluate", "gcl_resnet8_digits"],
        ["evaluate", entry, "--data", "digits_tl"],
        ["evaluate", entry, "--json", str(tmp_path / "missing" / "x.json")],
        ["check", "missing"],
        ["check", str(tmp_path), "--write-labels"],
        ["check", str(tmp_path), "--image-column", "x"],
        ["check", str(tmp_path), "--write", str(tmp_path / "missing" / "x.csv")],
        ["predict", "missing.png", "--model", entry],
        ["predict", str(tmp_path), "--model", entry],
        ["export", entry, "--out", str(tmp_path / "file")],
        ["export", entry, "--out", out, "--format", "onx"],
        ["convert", "missing.pth", "--entry", entry],
        ["convert", entry, "--to", "torch", "--layout", "nope", "--out", out],
        ["push", entry, str(tmp_path / "file")],
        ["list", "--kind", "nope"],
        ["info", "nope"],
        ["advise", "--data", "nope"],
        ["advise", "--data", str(tmp_path), "--json", str(tmp_path / "missing" / "x.json")],
        ["demo", "--seed", "-1"],
    ]  # fmt: skip
    right = [["list", "--kind", kind] for kind in ("losses", "heads", "backbones", "techniques", "recipes")]
    program = textwrap.dedent(NO_FRAMEWORK).replace("WORDS", json.dumps([*wrong, *right]))
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LTZOO_DEBUG": "0"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    codes = [line for line in done.stdout.splitlines() if line.isdigit() or "imported" in line]
    assert codes == ["2"] * len(wrong) + ["0"] * len(right), done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == len(wrong), done.stderr
    assert "Traceback" not in done.stderr
