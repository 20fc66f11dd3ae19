"""`.keras` files made to harm, and 2,000 damaged ones: refused before Keras sees them, or loaded right."""

import io
import json
import stat
import zipfile

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner

from ltzoo import models
from ltzoo.cli import cli
from ltzoo.models import WeightsError
from ltzoo.models.keras_archive import unpack
from ltzoo.models.start_from import start_from
from tests import tiny
from tests.fuzzing import damaged, put

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = tiny.model("cross_entropy")
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    model.save(path)
    return model, path


def changed(path, out, change=None, **added):
    """Write an archive again; `change(name, content)` returns the new content, or None to leave the member out."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            content = content if change is None else change(name, content)
            if content is not None:
                target.writestr(name, content)
        for name, content in added.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return out


def assert_same(one, two):
    for mine, its in zip(tiny.weights(one), tiny.weights(two), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_saved_model_is_loaded_with_its_optimizer(saved, tmp_path):
    model, path = saved
    loaded = models.load(path)
    assert_same(loaded, model)
    assert type(loaded.optimizer) is type(model.optimizer)
    packed = tmp_path / "packed.keras"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert_same(models.load(packed), model)


def in_weights(edit):
    def change(name, content):
        if name != "model.weights.h5":
            return content
        memory = io.BytesIO(content)
        with h5py.File(memory, "a") as file:
            places = []
            file.visititems(
                lambda place, item: places.append(place) if isinstance(item, h5py.Dataset) else None
            )
            edit(
                file, next(place for place in places if file[place].dtype == "float32" and file[place].shape)
            )
        return memory.getvalue()

    return change


def replace(link=None, **arguments):
    def edit(file, place):
        shape = file[place].shape
        del file[place]
        if link is not None:
            file[place] = link
        else:
            file.create_dataset(place, **{"shape": shape, "dtype": "float32", **arguments})

    return edit


def in_config(edit):
    def change(name, content):
        if name != "config.json":
            return content
        config = json.loads(content)
        edit(config)
        return json.dumps(config)

    return change


def config(text):
    return lambda name, content: text if name == "config.json" else content


def units(value):
    """The configuration claims a dense layer of a size."""
    return in_config(lambda config: config["config"].__setitem__("extra", {"units": value}))


@pytest.mark.parametrize(
    "change, reason",
    [
        (in_weights(replace(external=[("secret.bin", 0, h5py.h5f.UNLIMITED)])), "external storage"),
        (in_weights(replace(h5py.ExternalLink("other.h5", "private"))), "an external link"),
        (in_weights(replace(h5py.SoftLink("/a"))), "a soft link"),
        (in_weights(replace(shape=(1 << 33,), chunks=(1 << 20,), compression="gzip")), "claim more bytes"),
        (
            in_weights(
                lambda file, place: file[place].write_direct(np.full(file[place].shape, np.nan, "f4"))
            ),
            "NaN",
        ),
        (config("[" * 100_000), "nest|Recursion|recursion"),
        (config('{"a":' * 500 + "1" + "}" * 500), "nests more than 200 levels"),
        (config("{}" + " " * (9 << 20)), "bytes; 8388608 are allowed"),
        (config("no json"), "Expecting value"),
        (config(b"\xff\xfe\xff"), "decode|utf"),
        (units(1 << 40), "units=1099511627776, more than its weights have bytes"),
        (
            lambda name, content: None if name == "model.weights.h5" else content,
            "'model.weights.h5' is missing",
        ),
        (lambda name, content: None if name == "config.json" else content, "'config.json' is missing"),
    ],
)
def test_hostile_members_are_refused(saved, tmp_path, monkeypatch, change, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"SECRET" * 1000)
    path = changed(saved[1], tmp_path / "evil.keras", change)
    with pytest.raises(WeightsError, match=f"evil.keras is refused as a .keras file: .*({reason})"):
        models.load(path)


@pytest.mark.parametrize(
    "name, reason",
    [
        ("../escaped", "leads outside"),
        ("/tmp/escaped", "leads outside"),
        ("assets/../../escaped", "leads outside"),
        ("assets\\..\\escaped", "leads outside"),
        ("C:escaped", "leads outside"),
        ("script.py", "not one that Keras writes"),
        ("model.weights.npz", "not one that Keras writes"),
        ("config.json", "there twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_of_members_are_checked(saved, tmp_path, name, reason):
    path = changed(saved[1], tmp_path / "evil.keras", **{name: b"{}"})
    with pytest.raises(WeightsError, match=reason):
        models.load(path)
    assert not (tmp_path.parent / "escaped").exists()


def test_links_and_bombs_are_refused(saved, tmp_path):
    path = changed(saved[1], tmp_path / "evil.keras")
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(WeightsError, match="'assets/link' is a link"):
        models.load(path)
    path = changed(saved[1], tmp_path / "bomb.keras")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/bomb", bytes(50_000_000))
    with pytest.raises(WeightsError, match="'assets/bomb' claims 50000000 bytes and stores"):
        models.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(50_000_000))
    # A bomb that lies about its size: the claim in the directory is made small.
    content = path.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="refused as a .keras file"):
        models.load(path)


def test_configurations_that_name_code_are_refused(tmp_path, saved):
    written = tmp_path / "written"
    evil = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)])
    evil.save(tmp_path / "lambda.keras")
    code = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
    }
    call = in_config(lambda config: config["config"].__setitem__("backbone", code))
    paths = [tmp_path / "lambda.keras", changed(saved[1], tmp_path / "system.keras", call)]
    for path in paths:
        with pytest.raises(WeightsError, match=f"{path.name} (cannot be loaded|is refused)"):
            models.load(path)
    assert not written.exists()


def test_every_entrance_refuses(saved, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    nan = in_weights(lambda file, place: file[place].write_direct(np.full(file[place].shape, np.nan, "f4")))
    path = changed(saved[1], run / "model.keras", nan)
    for entrance in (lambda: models.load(run), lambda: start_from(saved[0], path)):
        with pytest.raises(WeightsError, match="NaN or beyond float32"):
            entrance()
    for arguments in (
        ("evaluate", path, "--data", "digits_lt"),
        ("predict", path, "image.png"),
        ("export", path, "--format", "keras", "--out", tmp_path / "out"),
        ("convert", path, "--to", "torch", "--layout", "gcl", "--out", tmp_path / "out.pth"),
    ):
        done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, (arguments, done.output)


def test_2000_damaged_archives_are_refused_or_the_same(saved, tmp_path):
    """An archive has checksums, so whatever passes holds the original members."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file["a/vars/0"] = np.arange(12, dtype="float32")
    original, other = io.BytesIO(), io.BytesIO()
    for target, count in ((original, 3), (other, 5)):
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr("config.json", json.dumps({"config": ["x"] * count}))
            archive.writestr("model.weights.h5", memory.getvalue())
    path, folder, refused = tmp_path / "damaged.keras", tmp_path / "out", 0
    folder.mkdir()
    for copy in damaged(original.getvalue(), other.getvalue(), 2000):
        put(path, copy)
        try:
            unpack(path, folder)
        except Exception as error:
            assert not isinstance(error, (MemoryError, AssertionError)), error
            refused += 1
            continue
        assert json.loads((folder / "config.json").read_bytes())["config"] in (["x"] * 3, ["x"] * 5)
        with h5py.File(folder / "model.weights.h5") as file:
            np.testing.assert_array_equal(file["a/vars/0"][()], np.arange(12))
    assert 500 < refused < 2000


def test_damaged_models_are_refused_or_right(saved, tmp_path):
    model, path = saved
    copy_path, refused = tmp_path / "damaged.keras", 0
    for copy in damaged(path.read_bytes(), path.read_bytes(), 60, seed=1):
        put(copy_path, copy)
        try:
            loaded = models.load(copy_path)
        except WeightsError as error:
            assert "damaged.keras" in str(error) and "\n" not in str(error)
            refused += 1
        else:
            assert_same(loaded, model)
    assert refused > 30
