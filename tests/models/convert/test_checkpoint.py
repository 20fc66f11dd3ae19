"""PyTorch files: what is read, what is refused, and that writing is whole or not at all."""

import pickle
import sys

import numpy as np
import pytest

from ltzoo.models.convert import CheckpointError, read_checkpoint
from ltzoo.models.convert.checkpoint import parts_of, write_checkpoint


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_parts_of_nested_dicts():
    one, two = np.ones(2), np.zeros(())
    tree = {
        "state_dict_best": {"feat_model": {"module.a": one, "module.b": two}, "classifier": {"fc": one}},
        "best_acc": two,
        "epoch": 3,
        "optimizer": {"state": {"a": one}},
        "centroids": {"l2": one},
        "args": {"lr": 0.1},
    }
    parts = parts_of(tree)
    assert {path: list(names) for path, names in parts.items()} == {
        "state_dict_best/feat_model": ["a", "b"],
        "state_dict_best/classifier": ["fc"],
    }
    assert list(parts_of({"module.a": one, "b": two})[""]) == ["module.a", "b"]
    for nothing in ({"epoch": 1}, [one], {}):
        with pytest.raises(CheckpointError, match="no state dict"):
            parts_of(nothing)


@pytest.mark.parametrize("zipped", [True, False])
def test_reading_what_authors_saved(torch, tmp_path, zipped):
    values = torch.arange(6.0).reshape(2, 3)
    parameter = torch.nn.Parameter(values.clone())
    optimizer = torch.optim.SGD([parameter], 0.1, momentum=0.9)
    parameter.sum().backward()
    optimizer.step()
    tree = {
        "epoch": 7,
        "arch": "resnet32",
        "best_acc1": torch.tensor(71.5),
        "its_ece": np.float64(3.2),
        "centroids": np.arange(3.0),
        "optimizer": optimizer.state_dict(),
        "state_dict": {"module.w": parameter, "module.half": values.to(torch.bfloat16)},
    }
    torch.save(tree, tmp_path / "file.pth.tar", _use_new_zipfile_serialization=zipped)
    parts = read_checkpoint(tmp_path / "file.pth.tar")
    assert set(parts) == {"state_dict"} and set(parts["state_dict"]) == {"w", "half"}
    np.testing.assert_array_equal(parts["state_dict"]["w"], parameter.detach().numpy())
    np.testing.assert_array_equal(parts["state_dict"]["half"], values.numpy())


class Evil:
    """Writes a file when it is unpickled."""

    def __reduce__(self):
        return (open, (Evil.target, "w"))


def test_nothing_in_a_file_is_executed(torch, tmp_path):
    Evil.target = str(tmp_path / "written")
    torch.save({"state_dict": {"a": torch.zeros(1)}, "model": Evil()}, tmp_path / "evil.pth")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Evil(), protocol=2))
    for name in ("evil.pth", "evil.pkl"):
        with pytest.raises(CheckpointError, match="cannot be read as a PyTorch checkpoint") as raised:
            read_checkpoint(tmp_path / name)
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "written").exists()


def test_damaged_and_missing_files(torch, tmp_path):
    with pytest.raises(FileNotFoundError, match="none.pth"):
        read_checkpoint(tmp_path / "none.pth")
    torch.save({"state_dict": {"a": torch.zeros(1000)}}, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    for damaged in (b"", b"text", content[:-200], content[200:]):
        (tmp_path / "damaged.pth").write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged.pth cannot be read"):
            read_checkpoint(tmp_path / "damaged.pth")


def test_writing(torch, tmp_path):
    tree = {"a": {"b": {"x": np.arange(6.0, dtype="float32").reshape(2, 3).T, "n": np.zeros((), np.int64)}}}
    write_checkpoint(tmp_path / "new" / "file.pth", tree)
    read = torch.load(tmp_path / "new" / "file.pth", weights_only=True)
    assert read["a"]["b"]["n"].shape == () and read["a"]["b"]["n"].dtype == torch.int64
    np.testing.assert_array_equal(read["a"]["b"]["x"].numpy(), tree["a"]["b"]["x"])
    with pytest.raises(TypeError):
        write_checkpoint(tmp_path / "new" / "file.pth", {"a": np.array(["text"])})
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.pth"]
    assert torch.load(tmp_path / "new" / "file.pth", weights_only=True)


def test_reading_needs_no_pytorch_and_writing_names_it(torch, tmp_path, monkeypatch):
    torch.save({"state_dict": {"a": torch.arange(3.0)}}, tmp_path / "file.pth")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert read_checkpoint(tmp_path / "file.pth")["state_dict"]["a"].tolist() == [0, 1, 2]
    with pytest.raises(ImportError, match=r"pip install \"ltzoo\[torch\]\""):
        write_checkpoint(tmp_path / "other.pth", {})
