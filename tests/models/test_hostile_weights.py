"""Weights files made to harm, through the index and through Keras's own search; and 2,000 damaged files."""

import hashlib
import json

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner

from ltzoo import models
from ltzoo.cli import cli
from ltzoo.models import WeightsError, weights_file
from ltzoo.readers.hdf5 import read_hdf5
from tests import tiny
from tests.fuzzing import damaged, put

ENTRY = "gcl_resnet8_digits_lt"
LARGE = 1 << 30


def build(**arguments):
    return models.build("tiny_cnn", "gcl", (20, 8, 3), input_shape=(8, 8, 1), compile=False, **arguments)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    model = build(seed=3)
    path = tmp_path_factory.mktemp("weights") / "model.weights.h5"
    weights_file.save_weights(model, path)
    return model, path


@pytest.fixture(scope="module")
def target():
    return build(seed=4)


def edited(path, out, edit, index=True):
    """A copy of a file, changed by `edit(file, index, place)` of one variable, without checksum."""
    out.write_bytes(path.read_bytes())
    with h5py.File(out, "a") as file:
        places = json.loads(file[weights_file.INDEX][()])
        edit(file, places, places[next(key for key in places if key.endswith("beta"))])
        del file[weights_file.INDEX], file[weights_file.CHECKSUM]
        if index:
            file[weights_file.INDEX] = json.dumps(places)
    return out


def replaced(**arguments):
    def edit(file, places, place):
        shape = file[place].shape
        del file[place]
        file.create_dataset(place, **{"shape": shape, "dtype": "float32", **arguments})

    return edit


def linked(link):
    def edit(file, places, place):
        del file[place]
        file[place] = link

    return edit


def filled(value):
    def edit(file, places, place):
        file[place][...] = value

    return edit


EXTERNAL = [("secret.bin", 0, h5py.h5f.UNLIMITED)]


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize(
    "edit, reason",
    [
        (replaced(external=EXTERNAL), "external storage"),
        (linked(h5py.ExternalLink("other.h5", "private")), "an external link"),
        (linked(h5py.SoftLink("/_head/vars/0")), "a soft link"),
        (
            replaced(shape=(1_500_000_000,), chunks=(1_000_000,), compression="gzip"),
            "more bytes than the network",
        ),
        (replaced(dtype="S4"), "many texts"),
        (replaced(dtype="f4,f4"), "compound"),
        (filled(np.nan), "NaN or beyond float32"),
        (filled(-np.inf), "NaN or beyond float32"),
    ],
)
def test_structures_and_values_are_refused(written, target, tmp_path, monkeypatch, edit, reason, index):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"TOP-SECRET" * 100)
    with h5py.File("other.h5", "w") as other:
        other["private"] = np.arange(10, dtype="float32")
    path = edited(written[1], tmp_path / "evil.weights.h5", edit, index)
    before = tiny.weights(target)
    with pytest.raises(
        WeightsError, match=f"evil.weights.h5 is refused as weights: .*{reason}.*Received: weights="
    ):
        weights_file.load_weights(target, path)
    for mine, its in zip(tiny.weights(target), before, strict=True):
        np.testing.assert_array_equal(mine, its)


def at(value):
    def edit(file, places, place):
        places[next(key for key in places if key.endswith("beta"))] = value

    return edit


def twice(file, places, place):
    places[next(key for key in places if key.endswith("kernel"))] = place


@pytest.mark.parametrize(
    "edit, reason",
    [
        (at(5), "must map names to names"),
        (at(["a"]), "must map names to names"),
        (at("/"), "is no dataset of weights"),
        (at("../other"), "is no dataset of weights"),
        (at(weights_file.INDEX), "is no dataset of weights"),
        (twice, "names a dataset twice"),
        (lambda file, places, place: file.__setitem__("more", np.ones(3)), "'more' next to its groups"),
    ],
)
def test_wrong_indexes_are_refused(written, target, tmp_path, edit, reason):
    path = edited(written[1], tmp_path / "evil.weights.h5", edit)
    with pytest.raises(WeightsError, match=reason):
        weights_file.load_weights(target, path)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", "3", "\udc80".encode("utf-8", "surrogatepass")])
def test_an_index_that_is_no_mapping_is_refused(written, target, tmp_path, text):
    path = tmp_path / "evil.weights.h5"
    path.write_bytes(written[1].read_bytes())
    with h5py.File(path, "a") as file:
        del file[weights_file.INDEX]
        file[weights_file.INDEX] = text
    with pytest.raises(WeightsError, match="evil.weights.h5 is refused as weights: "):
        weights_file.load_weights(target, path)


def test_other_shapes_and_types_are_named(written, target, tmp_path):
    for edit, reason in (
        (replaced(shape=(4, 4), data=np.ones((4, 4), "f4")), r"of shape .* Received: shape \(4, 4\)"),
        (lambda f, i, p: replaced(data=np.ones(f[p].shape, "i4"), dtype="i4")(f, i, p), "Received: int32"),
    ):
        path = edited(written[1], tmp_path / "other.weights.h5", edit)
        with pytest.raises(ValueError, match=f"`path` must hold .*{reason}"):
            weights_file.load_weights(target, path)


def test_weights_packed_by_gzip_are_read(written, target, tmp_path):
    model, path = written
    with h5py.File(path) as source, h5py.File(tmp_path / "small.weights.h5", "w") as out:

        def put_in(name, item):
            if isinstance(item, h5py.Dataset):
                packed = (
                    {"compression": "gzip", "shuffle": True} if item.shape and item.dtype != object else {}
                )
                out.create_dataset(name, data=item[()], **packed)

        source.visititems(put_in)
    weights_file.load_weights(target, tmp_path / "small.weights.h5")
    for mine, its in zip(tiny.weights(target), tiny.weights(model), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_files_without_checksum_or_index_are_still_read(written, tmp_path):
    model, path = written
    for index in (True, False):
        other = build(seed=5)
        weights_file.load_weights(other, edited(path, tmp_path / "old.weights.h5", lambda *_: None, index))
        for mine, its in zip(tiny.weights(other), tiny.weights(model), strict=True):
            np.testing.assert_array_equal(mine, its)


def test_zoo_entry_and_card_refuse_with_a_weights_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"TOP-SECRET" * 1000)
    good = tmp_path / "good.weights.h5"
    weights_file.save_weights(models.load(ENTRY), good)
    evil = edited(good, tmp_path / f"{ENTRY}.weights.h5", replaced(external=EXTERNAL))
    with pytest.raises(WeightsError, match="external storage"):
        models.load(ENTRY, weights=evil)
    card = json.loads(models.card(ENTRY).to_json())
    content = evil.read_bytes()
    card["weights"] = {"file": evil.name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "evil.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(WeightsError, match="external storage"):
        models.load("evil.json")
    done = CliRunner().invoke(cli, ["export", "evil.json", "--format", "keras", "--out", "out.keras"])
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, done.output


def test_2000_damaged_files_are_refused_or_right(written, target, tmp_path):
    model, path = written
    keras_own = tmp_path / "keras.weights.h5"
    build(seed=9).save_weights(keras_own)
    expected = tiny.weights(model)
    copy_path, refused = tmp_path / "damaged.weights.h5", 0
    for copy in damaged(path.read_bytes(), keras_own.read_bytes(), 2000):
        put(copy_path, copy)
        try:
            weights_file.load_weights(target, copy_path)
        except ValueError as error:
            assert "\n" not in str(error) or "objects could not be loaded" in str(error)
            refused += 1
            continue
        for mine, its in zip(tiny.weights(target), expected, strict=True):
            np.testing.assert_array_equal(mine, its)
    assert 500 < refused < 2000


def test_the_checksum_covers_every_dataset(written):
    contents = read_hdf5(written[1], LARGE)
    assert contents.datasets[weights_file.CHECKSUM].read() == contents.checksum(weights_file.CHECKSUM)
    assert keras.backend.backend() in ("tensorflow", "jax", "torch")
