"""One file of a user adds a part to every family, and the command line uses them all."""

import json
import os
import pickle
import sys

import pytest
from click.testing import CliRunner

from ltzoo import own_parts
from ltzoo.backbones import registry as backbones
from ltzoo.backbones.conversions import registry as conversions
from ltzoo.cli import cli
from ltzoo.data import registry as datasets
from ltzoo.data.augmentation import registry as augmentation
from ltzoo.export_formats import FORMATS
from ltzoo.heads import registry as heads
from ltzoo.losses import registry as losses
from ltzoo.recipes import registry as recipes
from ltzoo.registry import Registry
from ltzoo.techniques import registry as techniques

FILE = '''
import keras
import numpy as np

import ltzoo
from ltzoo import backbones, data, export_formats, heads, losses, recipes, techniques
from ltzoo.backbones import conversions
from ltzoo.data import augmentation

USED = []


@losses.register("toy_loss")
@keras.saving.register_keras_serializable(package="toys")
class ToyLoss(losses.CrossEntropy):
    """Cross-entropy."""


@heads.register("toy_head")
@keras.saving.register_keras_serializable(package="toys")
class ToyHead(keras.layers.Dense):
    """A linear classifier."""

    def __init__(self, num_classes=None, scale=None, **arguments):
        super().__init__(**{"units": num_classes, **arguments})


@backbones.register(image_size=6, pixel_statistics=(0.25, 0.5))
def toy_backbone(input_shape, width=4):
    images = keras.Input(input_shape)
    return keras.Model(images, keras.layers.Conv2D(width, 3, name="toy_convolution")(images), name="toy_backbone")


@conversions.register("toy_conversion")
def toy_conversion(backbone):
    features = keras.layers.ReLU(name="toy_relu")(backbone.output)
    return keras.Model(backbone.input, features, name=backbone.name)


@data.register(upright=True)
def toy_dataset(seed=0):
    labels = np.repeat([0, 1], [12, 4])
    images = np.random.default_rng(seed).integers(0, 100, (16, 6, 6, 3)) + 100 * labels[:, None, None, None]
    images = images.astype("uint8")
    return data.from_arrays(images, labels, images[8:], labels[8:], class_names=["dark", "light"], name="toy_dataset")


@augmentation.register("toy_step")
class ToyStep:
    """Shuffles rows."""

    def __call__(self, images, labels, rng):
        USED.append("toy_step")
        return images[:, rng.permutation(images.shape[1])], labels


@augmentation.register_on_device("toy_step")
class ToyStepOnDevice(ToyStep):
    """Mirrors rows."""

    def on_device(self, images, draws):
        return images[:, ::-1]


@techniques.register("toy_technique")
@keras.saving.register_keras_serializable(package="toys")
class ToyTechnique(techniques.Technique):
    """Notes that it took part."""

    def on_epoch_begin(self, epoch, epochs):
        USED.append("toy_technique")


@recipes.register(backbone="toy_backbone")
def toy_recipe(epochs=(1,)):
    stage = ltzoo.training.Stage(
        epochs=epochs[0],
        loss={"name": "toy_loss"},
        batch_size=8,
        augmentation=[{"name": "toy_step"}],
        technique={"name": "toy_technique"},
    )
    return ltzoo.training.Recipe(
        "toy_recipe", {"name": "toy_head"}, [stage], conversions=[{"name": "toy_conversion"}]
    )


@export_formats.register(
    "toy_format",
    title="Toy",
    suffix=".toy",
    writers={"tensorflow": (), "jax": (), "torch": ()},
    runtime="json",
    notes="names and numbers of weights",
)
def write_toy(served, path, description, indent=None):
    import json

    numbers = sum(int(np.prod(variable.shape)) for variable in served.variables)
    path.write_text(json.dumps({"classes": description.class_names, "weights": numbers}, indent=indent))
'''
REGISTRIES = (
    losses._LOSSES,
    heads._HEADS,
    backbones._BACKBONES,
    conversions._CONVERSIONS,
    datasets._DATASETS,
    augmentation._STEPS,
    augmentation._DEVICE_STEPS,
    techniques._TECHNIQUES,
    recipes._RECIPES,
    FORMATS,
)
KINDS = {
    "losses": "toy_loss",
    "heads": "toy_head",
    "backbones": "toy_backbone",
    "conversions": "toy_conversion",
    "data": "toy_dataset",
    "augmentation": "toy_step",
    "techniques": "toy_technique",
    "recipes": "toy_recipe",
    "formats": "toy_format",
}
MODULE = "ltzoo_parts_toys"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "toys.py"
    path.write_text(FILE)
    yield path
    for registry in REGISTRIES:
        for name in registry.names():
            if name.startswith("toy_"):
                registry.remove(name)
    own_parts._loaded.discard(str(path))
    sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def invoke(file):
    """Runs the command with the file of parts."""

    def run(*arguments):
        return CliRunner().invoke(cli, ["--parts", str(file), *map(str, arguments)], prog_name="ltzoo")

    return run


@pytest.fixture(scope="module")
def run(invoke, tmp_path_factory):
    """The folder of a finished training with nothing but parts of the file."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    done = invoke(
        "train", "toy_recipe", "--data", "toy_dataset", "--backbone", "toy_backbone:width=3", "--out", folder
    )
    assert done.exit_code == 0, (done.output, done.exception)
    return folder


def test_a_training_uses_them_all(run):
    recipe = json.loads((run / "run.json").read_text())["recipe"]
    assert recipe["head"] == {"name": "toy_head"} and recipe["conversions"] == [{"name": "toy_conversion"}]
    assert recipe["stages"][0]["loss"] == {"name": "toy_loss"}
    assert set(sys.modules[MODULE].USED) == {"toy_step", "toy_technique"}
    assert "LTZOO_PARTS" not in os.environ


def test_the_network_is_theirs(run):
    from ltzoo import models

    model = models.load(run)
    assert model.mean == (0.25,) * 3 and model.std == (0.5,) * 3
    assert (
        type(model.head).__name__ == "ToyHead" and model.backbone.get_layer("toy_relu").output.shape[-1] == 3
    )


def test_it_is_evaluated_and_exported(run, invoke, tmp_path):
    assert "balanced" in invoke("evaluate", run).stdout
    done = invoke("export", run, "--format", "toy_format", "--out", tmp_path / "model.toy")
    assert done.exit_code == 0 and "(Toy)" in done.stdout, done.output
    assert json.loads((tmp_path / "model.toy").read_text()) == {"classes": ["dark", "light"], "weights": 92}


def test_list_and_help_show_them(invoke):
    for kind, name in KINDS.items():
        done = invoke("list", "toy_*", "--kind", kind)
        assert [line.split()[0] for line in done.stdout.splitlines()] == [name], done.output
    assert "toy_format" in invoke("export", "--help").stdout


def test_facts_are_used(file, invoke, tmp_path):
    from ltzoo.cli.data import default_image_size
    from ltzoo.data.augmentation.registry import make_step

    assert recipes.default_backbone("toy_recipe") == "toy_backbone"
    assert default_image_size("toy_backbone", str(tmp_path)) == [6, 6]
    assert datasets.facts("toy_dataset").upright
    assert hasattr(make_step({"name": "toy_step"}, on_device=True), "on_device")


TRAIN = ("train", "toy_recipe", "--data", "toy_dataset")


@pytest.mark.parametrize(
    "arguments, name",
    [
        (("train", "toy_recip", "--data", "toy_dataset"), "toy_recipe"),
        (("train", "toy_recipe", "--data", "toy_datset"), "toy_dataset"),
        ((*TRAIN, "--backbone", "toy_backbon"), "toy_backbone"),
        ((*TRAIN, "--set", 'loss={"name": "toy_los"}'), "toy_loss"),
        ((*TRAIN, "--set", 'head={"name": "toy_hed"}'), "toy_head"),
        ((*TRAIN, "--set", 'conversions=[{"name": "toy_convers"}]'), "toy_conversion"),
        ((*TRAIN, "--set", 'technique={"name": "toy_technik"}'), "toy_technique"),
        ((*TRAIN, "--set", 'augmentation=[{"name": "toy_stp"}]'), "toy_step"),
        (("export", "gcl_resnet8_digits_lt", "--format", "toy_fromat"), "toy_format"),
        (("list", "toy_los", "--kind", "losses"), "toy_loss"),
    ],
)
def test_a_misspelled_name_is_corrected(invoke, tmp_path, arguments, name):
    more = () if arguments[0] == "list" else ("--out", tmp_path / "out")
    done = invoke(*arguments, *more)
    assert done.exit_code == 2, (done.output, done.exception)
    assert f"Did you mean '{name}'?" in done.stderr


def test_the_variable_names_files_too_and_each_is_imported_once(file, monkeypatch, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("from ltzoo import losses\nlosses.register('toy_other')(losses.CrossEntropy)\n")
    monkeypatch.setenv("LTZOO_PARTS", os.pathsep.join([str(file), "", str(other)]))
    before = len(sys.modules[MODULE].USED)
    assert {"toy_other", "toy_loss"} <= set(losses.names()) and len(sys.modules[MODULE].USED) == before
    losses._LOSSES.remove("toy_other")
    own_parts.load()
    assert "toy_other" not in losses.names()


def test_an_entry_point_names_a_module(monkeypatch, tmp_path):
    import importlib.metadata

    (tmp_path / "toy_package.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint("toys", "toy_package", own_parts.GROUP)
    monkeypatch.setattr(own_parts, "_entry_points", lambda: (point,))
    assert own_parts.there_are_some()
    Registry("fruit").names()
    assert sys.modules.pop("toy_package").LOADED


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "It must be an existing Python file"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivision"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("from ltzoo import losses\nlosses.register(3)(losses.CrossEntropy)", "`name` must be a string"),
        (
            "from ltzoo import losses\n"
            "class One(losses.CrossEntropy): pass\n"
            "class Two(losses.CrossEntropy): pass\n"
            "losses.register('focal_one')(One)\nlosses.register('focal_one')(Two)",
            "taken by the loss One in",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_a_mistake(tmp_path, text, words):
    path = tmp_path / "broken.py"
    if text is not None:
        path.write_text(text)
    done = CliRunner().invoke(cli, ["--parts", str(path), "list"], prog_name="ltzoo")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr and words in done.stderr
    losses._LOSSES.remove("focal_one")


def test_a_name_of_another_module_is_refused(tmp_path):
    path = tmp_path / "thief.py"
    path.write_text(
        "from ltzoo import losses\nlosses.register('focal')(type('Focal', (), {'__module__': __name__}))\n"
    )
    done = CliRunner().invoke(cli, ["--parts", str(path), "list"], prog_name="ltzoo")
    assert done.exit_code == 2 and "`name` is taken by the loss Focal in" in done.stderr
    assert losses._LOSSES.part("focal").__module__ == "ltzoo.losses.focal"


def test_a_path_that_the_variable_cannot_hold_is_refused(tmp_path):
    path = tmp_path / f"one{os.pathsep}two.py"
    path.touch()
    done = CliRunner().invoke(cli, ["--parts", str(path), "list"], prog_name="ltzoo")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert f"must not contain {os.pathsep!r}" in done.stderr


def test_files_of_one_name_are_two_modules_and_a_link_is_not_another_file(tmp_path, monkeypatch):
    code = "class Part: pass\nfrom ltzoo import losses\nlosses.register('toy_{0}')(Part)\n"
    paths = [tmp_path / folder / "toy_name.py" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(code.format(path.parent.name))
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setenv("LTZOO_PARTS", os.pathsep.join(map(str, paths)))
    own_parts.load()
    parts = [losses._LOSSES.part(name) for name in ("toy_a", "toy_b")]
    assert [pickle.loads(pickle.dumps(part)) for part in parts] == parts and parts[0] is not parts[1]
    sys.modules[parts[0].__module__].__file__ = str(link / "a" / "toy_name.py")
    own_parts._loaded.discard(str(paths[0]))
    own_parts.load()
    assert losses._LOSSES.part("toy_a") is parts[0]
    for name, part in zip(("toy_a", "toy_b"), parts, strict=True):
        losses._LOSSES.remove(name)
        del sys.modules[part.__module__]
