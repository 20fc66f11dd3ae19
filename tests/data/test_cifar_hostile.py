"""CIFAR files made to harm: forged arrays, bombs, archives of any size; and 2,000 damaged files."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from ltzoo.data import cifar_archive, cifar_files, load
from ltzoo.data.cifar_files import images_and_labels, read_files, unpickle_batch
from tests.fuzzing import damaged, put

PIXELS = np.arange(3 * 3072, dtype=np.int64).astype(np.uint8).reshape(3, 3072)
FILES = ("data_batch_1", "test_batch")


def forged(name, arguments, state):
    """An object whose pickle calls a name of NumPy and then sets a state."""

    class Forged:
        def __reduce__(self):
            return name, arguments, state

    return Forged()


RECONSTRUCT = np.zeros(0).__reduce__()[0]
KIND = np.dtype("u1")
HUGE = forged(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (1 << 40,), KIND, False, b"A" * 10))
OBJECTS = forged(np.dtype, ("O", False, True), (3, "|", None, None, None, -1, -1, 0))
STATE = forged(np.dtype, ("u1", False, True), (3, "|", None, None, None, -1, -1, 63))
SUBARRAY = forged(np.dtype, ("u1", False, True), (3, "|", (KIND, (2,)), None, None, -1, -1, 0))
NO_DATA = forged(RECONSTRUCT, (np.ndarray, (0,), b"b"), None)


def array_of(kind):
    return forged(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (10000,), kind, False, b"A" * 80000))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_protocol_is_read(protocol, order):
    content = {
        b"batch_label": b"training batch 1 of 5",
        b"labels": [3, 1, 9],
        b"data": np.array(PIXELS, order=order),
        b"filenames": [b"one.png", b"", b"\xe9.png"],
    }
    for changed in (content, {key.decode(): value for key, value in content.items()}):
        written = pickle.dumps(changed, protocol=protocol)
        for core in (b"numpy.core", b"numpy._core"):
            if protocol < 4:
                written = written.replace(b"numpy._core", b"numpy.core").replace(b"numpy.core", core)
            batch = unpickle_batch(written, "batch")
            images, labels = images_and_labels(batch, "labels", "batch")
            assert labels.tolist() == [3, 1, 9] and labels.dtype == np.int64
            np.testing.assert_array_equal(images.transpose(0, 3, 1, 2).reshape(3, 3072), PIXELS)
            assert batch["filenames"] == content[b"filenames"]


def test_a_text_pickle_of_python_2_is_read():
    """Protocol 0 quotes the bytes of an array."""
    pixels = bytes(range(256)) * 12
    quoted = b"'" + b"".join(b"\\x%02x" % value for value in pixels) + b"'"
    written = (
        b"(dp1\nS'data'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\nS'b'\np6\n"
        b"tp7\nRp8\n(I1\n(I1\nI3072\ntp9\ncnumpy\ndtype\np10\n(S'u1'\np11\nI0\nI1\ntp12\nRp13\n(I3\nS'|'\np14\nNNN"
        b"I-1\nI-1\nI0\ntp15\nbI00\nS" + quoted[0:] + b"\np16\ntp17\nbsS'labels'\np18\n(lp19\nI7\nas."
    )
    images, labels = images_and_labels(unpickle_batch(written, "batch"), "labels", "batch")
    assert labels.tolist() == [7]
    assert images.transpose(0, 3, 1, 2).tobytes() == pixels


@pytest.mark.parametrize(
    "data, reason",
    [
        (HUGE, r"an array of shape \(1099511627776,\) has 10 bytes of data"),
        (array_of(OBJECTS), "a dtype is not one of plain numbers"),
        (array_of(STATE), "a dtype has another state"),
        (array_of(SUBARRAY), "a dtype has another state"),
        (array_of("u1"), "an array is not one of plain numbers"),
        (np.array([None]), "a dtype is not one of plain numbers"),
        (np.zeros(1, "u1,u1"), "a dtype is not one of plain numbers"),
        (NO_DATA, "an array has no data"),
        (forged(RECONSTRUCT, (np.ndarray, (1 << 40,), b"b"), None), "an array starts in another way"),
        (forged(bytearray, (1 << 40,), None), "codec|is not allowed"),
        (forged(bytes, (1 << 40,), None), "bytes have arguments|is not allowed"),
        (forged(np.frombuffer, (b"A", "u1"), None), "is not allowed"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("member", ["data", "labels"])
def test_forged_values_are_refused(data, reason, protocol, member):
    content = {b"data": PIXELS, b"labels": [1, 2, 3], member.encode(): data}
    with pytest.raises(ValueError, match=f"batch is not an official CIFAR file: .*({reason})"):
        unpickle_batch(pickle.dumps(content, protocol=protocol), "batch")


def test_a_small_pickle_cannot_become_a_large_one():
    """One text that is decoded again and again."""
    text = b"X" + struct.pack("<I", 100_000) + b"a" * 100_000
    again = b"h\x00h\x01X\x06\x00\x00\x00latin1\x86R0"
    written = b"\x80\x02c_codecs\nencode\nq\x00" + text + b"q\x01" + again * 10_000 + b"}."
    with pytest.raises(ValueError, match="its texts are larger than the file"):
        unpickle_batch(written, "batch")
    cyclic = []
    cyclic.append(cyclic)
    batch = unpickle_batch(pickle.dumps({b"data": PIXELS, b"labels": cyclic * 3}, protocol=2), "batch")
    with pytest.raises(ValueError, match="`labels` must be integers from 0 to 9. Received: list of 1"):
        images_and_labels(batch, "labels", "batch")


@pytest.mark.parametrize(
    "key, label, shown",
    [
        ("labels", 10, "10"),
        ("labels", -1, "-1"),
        ("labels", 10**12, "1000000000000"),
        ("labels", True, "bool"),
        ("labels", 1.0, "float"),
        ("labels", "1", "str of 1"),
        ("fine_labels", 100, "100"),
    ],
)
def test_labels_out_of_range_are_named(key, label, shown):
    content = {"data": PIXELS, key: [0, 1, label]}
    batch = unpickle_batch(pickle.dumps(content, protocol=2), "batch")
    with pytest.raises(ValueError, match=f"batch .*`{key}` must be integers from 0 to .*Received: {shown}$"):
        images_and_labels(batch, key, "batch")


def test_a_folder_of_forged_files_ends_in_one_error(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    content = pickle.dumps({b"data": PIXELS, b"labels": array_of(OBJECTS)}, protocol=2)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_1 is not an official CIFAR file"):
        load("cifar10_lt", data_dir=tmp_path)


def read(data_dir):
    return read_files("cifar10_lt", data_dir, "cifar-10-batches-py", "cifar-10-python.tar.gz", FILES)


def archive(path, members, compress=True):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as file:
        for name, data, changes in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in changes.items():
                setattr(info, key, value)
            file.addfile(info, io.BytesIO(data))
    content = content.getvalue()
    path.write_bytes(gzip.compress(content) if compress else content)
    return path


def test_an_archive_with_headers_of_other_formats_is_read(tmp_path):
    pax = {"mtime": 1.5, "pax_headers": {"comment": "x" * 2000}}
    members = [(f"{'deep/' * 10}{name}", name.encode(), pax) for name in FILES]
    for compress in (True, False):
        path = archive(tmp_path / f"{compress}.tar.gz", members, compress)
        assert read(path) == {name: name.encode() for name in FILES}


def test_archives_that_are_too_large_are_refused(tmp_path, monkeypatch):
    whole = [(name, name.encode(), {}) for name in FILES]
    monkeypatch.setattr(cifar_archive, "MAX_MEMBERS", 20)
    monkeypatch.setattr(cifar_archive, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(cifar_files, "MAX_BYTES", 1 << 20)
    many = archive(tmp_path / "many.tar.gz", [(f"{n}", b"", {}) for n in range(30)] + whole)
    with pytest.raises(ValueError, match="more than 20 members"):
        read(many)
    for kind in (tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.FIFOTYPE):
        large = tarfile.TarInfo("data_batch_1")
        large.size, large.type = 1 << 40, kind
        path = tmp_path / "large.tar.gz"
        path.write_bytes(gzip.compress(large.tobuf(tarfile.GNU_FORMAT) + bytes(2048)))
        with pytest.raises(ValueError, match=r"large.tar.gz cannot be read .*more than 1048576 bytes"):
            read(path)
    (tmp_path / "data_batch_1").write_bytes(bytes(2 << 20))
    (tmp_path / "test_batch").write_bytes(b"")
    with pytest.raises(ValueError, match="data_batch_1 .* at most 1048576 bytes. Received: 2097152 bytes"):
        read(tmp_path)


def test_2000_damaged_batches_are_refused_or_read_as_they_are():
    content = {b"batch_label": b"one", b"labels": [3], b"data": PIXELS[:1], b"filenames": [b"one.png"]}
    original, other = (pickle.dumps(content, protocol=protocol) for protocol in (2, 4))
    refused = 0
    for copy in damaged(original, other, 2000):
        try:
            images, labels = images_and_labels(unpickle_batch(copy, "batch"), "labels", "batch")
        except ValueError as error:
            assert str(error).startswith("batch is not an official CIFAR file") and len(str(error)) < 300
            refused += 1
        else:
            assert images.shape == (1, 32, 32, 3) and images.dtype == np.uint8
            assert labels.shape == (1,) and 0 <= labels[0] < 10
    assert 1000 < refused < 2000


def test_2000_damaged_archives_are_refused_or_right(tmp_path):
    def tiny(names, path):
        return archive(path, [(name, name.encode() * 9, {}) for name in names]).read_bytes()

    original = tiny(FILES, tmp_path / "one.tar.gz")
    other = tiny(("readme", *FILES), tmp_path / "other.tar.gz")
    path, refused = tmp_path / "damaged.tar.gz", 0
    for copy in damaged(original, other, 2000):
        put(path, copy)
        try:
            assert read(path) == {name: name.encode() * 9 for name in FILES}
        except ValueError as error:
            assert "damaged.tar.gz" in str(error)
            refused += 1
    assert refused > 1500
