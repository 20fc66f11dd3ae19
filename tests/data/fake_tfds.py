"""A stand-in for `tensorflow_datasets`: the few functions that ltzoo calls, with made-up records."""

import io
import types

import numpy as np
from PIL import Image


def encoded(color: int, size=(6, 5)) -> bytes:
    """A PNG of one gray level; `size` is (width, height)."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (color, color, color)).save(buffer, format="PNG")
    return buffer.getvalue()


def records(labels, sizes=None, prefix="train_"):
    """One record a label, shuffled; id and gray level tell the official position."""
    order = np.random.default_rng(0).permutation(len(labels))
    sizes = [(6, 5)] * len(labels) if sizes is None else sizes
    return [
        {"image": encoded(int(i), sizes[i]), "label": labels[i], "id": f"{prefix}{i:05d}".encode()}
        for i in order
    ]


class SkipDecoding:
    """Marks a feature whose encoded bytes are wanted."""


class Builder:
    """What `tfds.builder` returns."""

    def __init__(self, name, splits, names=("cat", "dog"), random_access=True):
        self.name, self.random_access, self.prepared = name, random_access, False
        features = {"image": types.SimpleNamespace(), "label": types.SimpleNamespace(names=list(names))}
        features["id"] = types.SimpleNamespace()
        self.splits = splits
        self.info = types.SimpleNamespace(features=features, splits={})

    def download_and_prepare(self):
        self.prepared = True
        self.info.splits = self.splits

    def as_data_source(self, split, decoders):
        assert isinstance(decoders["image"], SkipDecoding)
        if not self.random_access:
            raise NotImplementedError("Random access data source for file format TFRECORD is not supported.")
        if split not in self.splits:
            raise ValueError(f"Unknown split {split!r}.")
        return self.splits[split]


def install(monkeypatch, *builders):
    """Makes `import tensorflow_datasets` give a module that knows these builders; returns the calls."""
    import sys

    known, calls = {builder.name: builder for builder in builders}, []

    def builder(name, data_dir=None, file_format=None):
        calls.append((name, data_dir, file_format))
        if name not in known:
            raise ValueError(f"Dataset {name} not found.\nAvailable datasets:\n\t- mnist")
        if data_dir == "tfrecords":
            raise ValueError("File format is already set to FileFormat.TFRECORD. Got FileFormat.ARRAY_RECORD")
        return known[name]

    module = types.ModuleType("tensorflow_datasets")
    module.__spec__ = types.SimpleNamespace(name="tensorflow_datasets")
    module.builder = builder
    module.decode = types.SimpleNamespace(SkipDecoding=SkipDecoding)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
    return calls
