"""Checkpoints are read as they were written, or not at all."""

import random
import shutil
import warnings
import zipfile

import keras
import numpy as np
import pytest

from ltzoo.training import ResumeError
from ltzoo.training.callbacks import StagedHistory
from ltzoo.training.checkpoint import FILE_NAME, PREVIOUS, Checkpoint
from tests import tiny

DAMAGES = 300


def _saved(folder, moments=1):
    """A checkpoint of a small model, written once or more often."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(4)])
    optimizer, history = keras.optimizers.SGD(0.1, momentum=0.9), StagedHistory()
    optimizer.build(model.trainable_variables)
    store = Checkpoint(folder, {"seed": 1})
    for epoch in range(moments):
        history.append(epoch, {"loss": 1.0 / (1 + epoch)})
        model.layers[0].bias.assign(np.full(4, epoch, "float32"))
        store.save(model, optimizer, stage=0, epochs_done=epoch + 1, history=history)
    return store


def _equal(one, other):
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, list):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return one == other


def _damaged(content, other, generator):
    """The content with flipped bits, cut off, with a part of another checkpoint, or with bytes left out or doubled."""
    kind = generator.choice(["flip", "cut", "splice", "drop", "double"])
    first, last = sorted(generator.randrange(len(content)) for _ in range(2))
    if kind == "flip":
        bytes_ = bytearray(content)
        for _ in range(generator.choice([1, 1, 1, 8])):
            bytes_[generator.randrange(len(bytes_))] ^= 1 << generator.randrange(8)
        return bytes(bytes_)
    if kind == "cut":
        return content[:first]
    if kind == "splice":
        return content[:first] + other[first:]
    return content[:first] + content[last:] if kind == "drop" else content[:last] + content[first:]


def test_a_damaged_file_is_refused_or_loads_bit_for_bit(tmp_path):
    """A splice may have all bytes of the other checkpoint that matter; then it loads as that one."""
    store, another = _saved(tmp_path), _saved(tmp_path / "other", 3)
    sound, other = store.path.read_bytes(), another.path.read_bytes()
    expected, others, generator, refused = store.load(), another.load(), random.Random(0), 0
    for _ in range(DAMAGES):
        store.path.write_bytes(_damaged(sound, other, generator))
        try:
            state = store.load()
            assert _equal(state, expected) or _equal(state, others)
        except ResumeError as error:
            assert str(store.path) in str(error) and "Received: " in str(error)
            refused += 1
    assert refused > DAMAGES / 2


def _members(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def _pack(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


@pytest.mark.parametrize("change", ["swap", "remove", "add", "other meta", "other array"])
def test_members_of_a_file_belong_together(tmp_path, change):
    """Each file is a sound archive; its members are not those that were written."""
    store = _saved(tmp_path)
    members, other = _members(store.path), _members(_saved(tmp_path / "other", 2).path)
    if change == "swap":
        one, two = "optimizer/3.npy", "optimizer/5.npy"
        members[one], members[two] = other["model/1.npy"], members[one]
    elif change == "remove":
        del members["model/3.npy"]
    elif change == "add":
        members["model/4.npy"] = members["model/3.npy"]
    else:
        name = "meta.npy" if change == "other meta" else "model/1.npy"
        members[name] = other[name]
    _pack(store.path, members)
    with pytest.raises(ResumeError, match=r"state\.npz.*checksum"):
        store.load()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_other_things_in_its_place_are_named(tmp_path, content):
    store = Checkpoint(tmp_path, {})
    store.path.mkdir() if content is None else store.path.write_bytes(content)
    assert store.exists()
    with pytest.raises(ResumeError, match=rf"{FILE_NAME}.*Received: "):
        store.load()


@pytest.mark.parametrize("damage", ["cut", "missing", "folder"])
def test_the_previous_checkpoint_is_used_and_said(tmp_path, damage):
    store = _saved(tmp_path, 2)
    whole = store.path.read_bytes()
    store.path.unlink()
    if damage == "folder":
        store.path.mkdir()
    elif damage == "cut":
        store.path.write_bytes(whole[:-100])
    with pytest.warns(UserWarning, match=rf"resumes from the one before it.*{PREVIOUS}.*Received: "):
        state = Checkpoint(tmp_path, {"seed": 1}).load()
    assert state["epochs_done"] == 1 and state["epoch"] == [0]


def test_a_damaged_file_never_replaces_the_previous_one(tmp_path):
    previous = _saved(tmp_path, 2).previous.read_bytes()
    (tmp_path / FILE_NAME).write_bytes(b"damaged")
    store = Checkpoint(tmp_path, {"seed": 1})
    with pytest.warns(UserWarning):
        store.load()
    model, optimizer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]), keras.optimizers.SGD()
    store.save(model, optimizer, stage=0, epochs_done=2, history=StagedHistory())
    assert store.previous.read_bytes() == previous
    assert Checkpoint(tmp_path, {"seed": 1}).load()["epochs_done"] == 2


def test_a_training_resumes_from_the_previous_checkpoint_bit_for_bit(tmp_path):
    whole = tiny.model(batch_size=20)
    history = whole.fit(tiny.dataset(), checkpoint=tmp_path, verbose=0)
    (tmp_path / FILE_NAME).write_bytes((tmp_path / FILE_NAME).read_bytes()[:-1000])
    (tmp_path / PREVIOUS).rename(tmp_path / "kept")
    with pytest.raises(ResumeError, match=FILE_NAME):
        tiny.model(batch_size=20).fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0)
    shutil.copy(tmp_path / "kept", tmp_path / PREVIOUS)
    with pytest.raises(ResumeError, match="already contains a run"):
        tiny.model(batch_size=20).fit(tiny.dataset(), checkpoint=tmp_path, verbose=0)
    again = tiny.model(batch_size=20)
    with pytest.warns(UserWarning, match="resumes from the one before"):
        resumed = again.fit(tiny.dataset(), checkpoint=tmp_path, resume=True, verbose=0)
    assert resumed.history == history.history
    for a, b in zip(tiny.weights(whole), tiny.weights(again), strict=True):
        np.testing.assert_array_equal(a, b)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Checkpoint(tmp_path, Checkpoint(tmp_path, {}).identity).exists()


def test_a_newer_format_is_named(tmp_path):
    store = _saved(tmp_path)
    members = _members(store.path)
    text = members["meta.npy"].replace(b'"format": 2', b'"format": 9')
    _pack(store.path, {**members, "meta.npy": text})
    with pytest.raises(ResumeError, match="newer version wrote it, in format 9"):
        store.load()
