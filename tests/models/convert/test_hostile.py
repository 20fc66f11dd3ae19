"""PyTorch files made to harm: forged tensors and arrays, archives that lie; and 2,000 damaged files per format."""

import argparse
import collections
import io
import itertools
import pickle
import zipfile

import numpy as np
import pytest

from ltzoo import models
from ltzoo.models.convert import CheckpointError, read_checkpoint, torch_file
from tests.fuzzing import damaged, differences, put

torch = pytest.importorskip("torch")


def saved(tree, path, zipped=True, **arguments):
    torch.save(tree, path, _use_new_zipfile_serialization=zipped, **arguments)
    return path


class Call:
    """An object whose pickle calls a name, and then sets a state."""

    def __init__(self, function, *arguments, state=None):
        self.made = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.made


VALUES = torch.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_pytorch_writes_is_read(tmp_path, zipped, protocol):
    tensors = {
        "float": VALUES,
        "double": VALUES.double(),
        "half": VALUES.half(),
        "bfloat16": VALUES.bfloat16(),
        "long": VALUES.long(),
        "int": VALUES.int(),
        "short": VALUES.short(),
        "char": VALUES.to(torch.int8),
        "byte": VALUES.byte(),
        "bool": VALUES > 4,
        "transposed": VALUES.T,
        "part": VALUES[1:, ::2],
        "row": VALUES[2],
        "number": torch.tensor(3.0),
        "empty": torch.zeros(0, 4),
        "permuted": torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
        "parameter": torch.nn.Parameter(VALUES),
        "array": VALUES.double().numpy(),
    }
    odd = torch.zeros(2)
    odd.note = "an attribute"
    tensors["odd"] = odd
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    tree = {
        "state_dict": tensors,
        "module": module.state_dict(),
        "same": tensors["float"],
        "best": np.float64(71.5),
        "seen": np.int64(3),
        "size": torch.Size([3, 4]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
        "milestones": collections.Counter([3, 3]),
        "steps": {1, 2},
        "large": 1 << 70,
        "lr": 0.1,
        "on": True,
        "nothing": None,
        "raw": bytearray(b"abc"),
        "text": b"bytes",
    }
    parts = read_checkpoint(saved(tree, tmp_path / "file.pth", zipped, pickle_protocol=protocol))
    assert set(parts) == {"state_dict", "module"}
    for name, tensor in tensors.items():
        value = tensor if isinstance(tensor, np.ndarray) else tensor.detach()
        value = value.float() if name == "bfloat16" else value
        found = parts["state_dict"][name]
        assert found.dtype == np.asarray(value).dtype, name
        np.testing.assert_array_equal(found, np.asarray(value), err_msg=name)
    for name, tensor in module.state_dict().items():
        np.testing.assert_array_equal(parts["module"][name], tensor.numpy())


REBUILD = torch._utils._rebuild_tensor_v2
STORAGE = VALUES.storage()


def tensor(*arguments):
    return Call(REBUILD, *arguments, False, collections.OrderedDict())


RECONSTRUCT = np.zeros(0).__reduce__()[0]
OBJECTS = Call(np.dtype, "O", False, True, state=(3, "|", None, None, None, -1, -1, 0))
FORGED_ARRAY = Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (9,), OBJECTS, False, b"A" * 72))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "value, reason",
    [
        (tensor(STORAGE, 0, (1 << 40,), (0,)), "reaches beyond its 12 numbers"),
        (tensor(STORAGE, 0, (1 << 40,), (1,)), "reaches beyond its 12 numbers"),
        (tensor(STORAGE, 12, (1,), (1,)), "reaches beyond its 12 numbers"),
        (tensor(STORAGE, 0, (3,), (6,)), "reaches beyond its 12 numbers"),
        (tensor(STORAGE, -1, (3,), (1,)), "a wrong offset, shape or strides"),
        (tensor(STORAGE, 8, (3,), (-4,)), "no storage, shape or strides"),
        (tensor(STORAGE, 0, (3, 1), (1,)), "a wrong offset, shape or strides"),
        (tensor(STORAGE, 0, (1,) * 60, (1,) * 60), "a wrong offset, shape or strides"),
        (tensor("text", 0, (3,), (1,)), "no storage, shape or strides"),
        (VALUES.expand(1000, 3, 4), "reaches beyond its 12 numbers"),
        (VALUES.to_sparse(), "sparse.* is not allowed|is not allowed"),
        (torch.zeros(2, device="meta"), "is not allowed"),
        (torch.quantize_per_tensor(VALUES, 0.1, 0, torch.qint8), "is not"),
        (torch.complex(VALUES, VALUES), "is not"),
        (FORGED_ARRAY, "a dtype is not one of plain numbers"),
        (np.array(["text"]), "a dtype is not one of plain numbers"),
        (Call(RECONSTRUCT, np.ndarray, (1 << 40,), b"b"), "an array starts in another way"),
        (Call(bytearray, 1 << 40), "codec"),
        (argparse.Namespace(lr=0.1), "argparse.Namespace' is not allowed.*torch.save"),
        (Call(print, "run"), "print' is not allowed.*torch.save"),
        (torch.nn.Linear(1, 1), "is not allowed"),
    ],
)
def test_forged_values_are_refused(tmp_path, value, reason, zipped):
    tree = {"state_dict": {"a": VALUES, "b": value}}
    path = saved(tree, tmp_path / "file.pth", zipped)
    with pytest.raises(
        CheckpointError, match=f"file.pth cannot be read as a PyTorch checkpoint: .*({reason})"
    ):
        read_checkpoint(path)


def test_dicts_without_end_are_refused(tmp_path):
    cyclic, wide = {"a": VALUES}, {"a": VALUES}
    cyclic["self"] = cyclic
    for _ in range(18):
        wide = {"left": wide, "right": wide}
    deep = {"a": VALUES}
    for _ in range(100):
        deep = {"deeper": deep}
    for tree in (cyclic, wide, deep):
        with pytest.raises(CheckpointError, match="must nest its dicts at most 20 deep"):
            read_checkpoint(saved({"state_dict": tree}, tmp_path / "file.pth"))


def test_many_tensors_of_one_storage_do_not_grow(tmp_path):
    values = torch.zeros(10_000)
    tree = {f"{number}": values[:] for number in range(1000)}
    with pytest.raises(CheckpointError, match="much larger than the file"):
        read_checkpoint(saved(tree, tmp_path / "file.pth"))


def changed(path, out, change):
    """Write an archive again, with its members changed: `change(name, content)` gives a list of them."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            for name, content, kind in change(info.filename, source.read(info)):
                target.writestr(name, content, kind)
    return out


def _script(name):
    return [(name.replace("data.pkl", "constants.pkl"), b"", 0)] if name.endswith("data.pkl") else []


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda name, data: [(name, data[:-4] if "/data/" in name else data, 0)], "48 bytes and has 44"),
        (lambda name, data: [(name, data * 2 if "/data/" in name else data, 0)], "48 bytes and has 96"),
        (lambda name, data: [] if "/data/" in name else [(name, data, 0)], "storage '0' is missing"),
        (lambda name, data: [(name, data, 8)], "claims .* bytes and stores|48 bytes"),
        (lambda name, data: [(name, data, 0), (name, data, 0)], "is there twice"),
        (lambda name, data: [(name, data, 0), (f"../{name}", data, 0)], "leads outside"),
        (lambda name, data: [(f"/{name}", data, 0)], "leads outside"),
        (lambda name, data: [(name, b"big" if name.endswith("byteorder") else data, 0)], "not little-endian"),
        (lambda name, data: [(name, data, 0), *_script(name)], "TorchScript"),
        (lambda name, data: [(name.replace("data.pkl", "other.pkl"), data, 0)], "data.pkl is missing"),
    ],
)
def test_archives_that_lie_are_refused(tmp_path, change, reason):
    path = saved({"a": VALUES, "zeros": torch.zeros(0)}, tmp_path / "file.pth")
    with pytest.raises(CheckpointError, match=f"changed.pth cannot be read.*({reason})"):
        read_checkpoint(changed(path, tmp_path / "changed.pth", change))


def test_files_beyond_the_limit_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_file, "MAX_BYTES", 100)
    with pytest.raises(CheckpointError, match="bytes; 100 are allowed"):
        read_checkpoint(saved({"a": VALUES}, tmp_path / "file.pth"))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300])
def test_weights_that_are_not_finite_are_named(tmp_path, wrong):
    state = models.torch_state(models.load("gcl_resnet8_digits_lt", weights=None), "gcl")
    values = state["state_dict"]["module.linear.weight"].astype("float64")
    values[0, 0] = wrong
    state["state_dict"]["module.linear.weight"] = values
    with pytest.raises(
        CheckpointError, match=r"1 of \d+ numbers of \S*linear.weight are NaN or beyond float32"
    ):
        models.convert_checkpoint(state, "gcl_resnet8_digits_lt")


def test_2000_damaged_files_of_each_format_are_refused_or_right(tmp_path):
    tree = {"epoch": 3, "state_dict": {"module.a": VALUES, "module.b": torch.zeros(2)}}
    files = [saved(tree, tmp_path / f"{zipped}.pth", zipped).read_bytes() for zipped in (True, False)]
    legacy = io.BytesIO()
    torch.save({"a": VALUES + 1}, legacy)
    path = tmp_path / "damaged.pth"
    for content, zipped in zip(files, (True, False), strict=True):
        refused = 0
        for copy in damaged(content, legacy.getvalue(), 2000):
            put(path, copy)
            try:
                parts = read_checkpoint(path)
            except CheckpointError as error:
                assert "damaged.pth" in str(error) and "\n" not in str(error)
                refused += 1
                continue
            for array in itertools.chain(*(part.values() for part in parts.values())):
                assert array.nbytes <= 4 * len(copy)
                if zipped and array.shape == VALUES.shape:  # The older format has no checksums.
                    assert differences(array.tobytes(), VALUES.numpy().tobytes()) == 0
        assert 500 < refused < 2000


def test_the_command_line_says_it_in_one_line(tmp_path):
    from click.testing import CliRunner

    from ltzoo.cli import cli

    forged = saved({"state_dict": {"b": FORGED_ARRAY}}, tmp_path / "forged.pth")
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps({"a": FORGED_ARRAY}, protocol=2))
    for path in (forged, plain):
        arguments = [
            "convert",
            str(path),
            "--entry",
            "gcl_resnet8_digits_lt",
            "--out",
            str(tmp_path / "x.weights.h5"),
        ]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, done.output
        assert path.name in done.stderr and not (tmp_path / "x.weights.h5").exists()
