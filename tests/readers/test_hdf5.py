"""The reader of HDF5 files against h5py: what Keras writes, what is refused, and damaged files."""

import h5py
import ml_dtypes
import numpy as np
import pytest

from ltzoo.readers.hdf5 import Hdf5Error, read_hdf5, rewrite
from tests.fuzzing import damaged, put

LIMIT = 1 << 20
NUMBERS = np.random.default_rng(0).normal(size=(40, 7)).astype("float32")
KINDS = (
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
)


def written(path, edit, **arguments):
    with h5py.File(path, "w", **arguments) as file:
        edit(file)
    return path


def keras_like(file):
    for number in range(40):
        group = file.create_group(f"layers/layer_{number}/vars")
        group.attrs["name"] = f"layer_{number}"
        group["0"] = NUMBERS + number
    for kind in KINDS:
        file[f"kinds/{kind}"] = (NUMBERS * 10).astype(kind)
    file["kinds/bool"] = NUMBERS > 0
    half = file["kinds"].create_dataset("bfloat16", data=NUMBERS.astype(ml_dtypes.bfloat16))
    half.attrs["dtype"] = "bfloat16"
    file["kinds/number"] = np.int64(3)
    file["kinds/empty"] = np.zeros((0, 3), "float32")
    file["index"] = '{"a": "b"}' * 30


def test_what_keras_writes_is_read(tmp_path):
    contents = read_hdf5(written(tmp_path / "a.h5", keras_like), LIMIT)
    assert contents.datasets["index"].text() == '{"a": "b"}' * 30
    assert len(contents.datasets) == 40 + len(KINDS) + 5
    for number in range(40):
        np.testing.assert_array_equal(
            contents.datasets[f"layers/layer_{number}/vars/0"].read(), NUMBERS + number
        )
    for kind in KINDS:
        found = contents.datasets[f"kinds/{kind}"].read()
        assert found.dtype == kind
        np.testing.assert_array_equal(found, (NUMBERS * 10).astype(kind))
    np.testing.assert_array_equal(contents.datasets["kinds/bool"].read(), NUMBERS > 0)
    half = contents.datasets["kinds/bfloat16"]
    assert half.dtype == "float32" and half.nbytes == 4 * NUMBERS.size
    np.testing.assert_array_equal(half.read(), NUMBERS.astype(ml_dtypes.bfloat16).astype("float32"))
    assert contents.datasets["kinds/number"].read() == 3
    assert contents.datasets["kinds/empty"].read().shape == (0, 3)
    rewrite(contents, tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5") as file:
        np.testing.assert_array_equal(file["layers/layer_39/vars/0"][()], NUMBERS + 39)
        assert "index" not in file


@pytest.mark.parametrize("chunks", [(8, 3), (40, 7), (1, 1), (50, 7)])
@pytest.mark.parametrize("filters", [{}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}])
def test_chunks_and_gzip_are_read(tmp_path, chunks, filters):
    def edit(file):
        limits = (None, 7) if chunks == (50, 7) else None
        file.create_dataset("a/b", data=NUMBERS, chunks=chunks, maxshape=limits, **filters)

    contents = read_hdf5(written(tmp_path / "a.h5", edit), LIMIT)
    np.testing.assert_array_equal(contents.datasets["a/b"].read(), NUMBERS)


def external(file):
    file.create_dataset("a/b", (4,), "float32", external=[("secret.bin", 0, h5py.h5f.UNLIMITED)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "private", (4,))
    file.create_virtual_dataset("a/b", layout)


def link(kind):
    def edit(file):
        file["a/c"] = np.ones(3, "float32")
        file["a/b"] = kind

    return edit


def cycle(file):
    file["a/b/c"] = np.ones(3)
    file["a/b/again"] = file["a"]


def twice(file):
    file["a/b"] = np.ones(3)
    file["a/c"] = file["a/b"]


def deep(file):
    file["/".join("a" * 70)] = np.ones(3)


def many_links(file):
    group = file.create_group("a", track_order=True)
    for number in range(20):
        group[f"{number}"] = np.float32(number)


def data(**arguments):
    return lambda file: file.create_dataset("a/b", **arguments)


@pytest.mark.parametrize(
    "edit, reason",
    [
        (external, "external storage"),
        (virtual, "virtual dataset"),
        (link(h5py.ExternalLink("other.h5", "private")), "an external link, 'b'"),
        (link(h5py.SoftLink("/a/c")), "a soft link, 'b'"),
        (link(h5py.SoftLink("/a/b")), "a soft link, 'b'"),
        (cycle, "lead to the same place"),
        (twice, "lead to the same place"),
        (deep, "too many or too deep groups"),
        (many_links, "newer form|another way"),
        (
            data(shape=(1_500_000_000,), dtype="f4", chunks=(1_000_000,), compression="gzip"),
            "claim more bytes",
        ),
        (data(shape=(1 << 40, 1 << 40), dtype="f4", chunks=(1000, 1000)), "a dataset of shape"),
        (data(shape=(1000,), dtype="f4"), "of 4000 bytes without data"),
        (data(data=np.zeros(1000, "f4"), fletcher32=True), "the filter fletcher32"),
        (data(data=np.zeros(1000, "f4"), compression="lzf"), "the filter lzf"),
        (data(data=np.zeros(1000, "f4"), scaleoffset=3), "the filter scaleoffset"),
        (data(data=np.array([b"x"] * 4)), "many texts"),
        (data(data=["x", "y"], dtype=h5py.string_dtype()), "many texts"),
        (data(data=np.zeros(3, "f4,f4")), "compound values"),
        (data(data=np.zeros(3, "c8")), "compound values"),
        (data(data=np.zeros(3, "V2")), "bytes without a type"),
        (data(data=np.zeros(3, "V8")), "elements of class 5"),
        (data(data=np.zeros(3, ">f4")), "unusual form"),
        (data(data=np.zeros(3, ">i4")), "unusual form"),
        (data(data=h5py.Empty("f4")), "without a usual shape"),
        (data(shape=(2,), dtype=h5py.ref_dtype), "references"),
        (data(shape=(2,), dtype=h5py.vlen_dtype("f4")), "elements of class 9"),
        (data(shape=(2,), dtype=h5py.enum_dtype({"A": 0, "B": 1}, "u1")), "enumerations"),
        (data(shape=(2,), dtype=np.dtype(("f4", (3,)))), "arrays"),
        (lambda file: file.create_dataset("a/b", data=np.zeros(3, h5py.h5t.IEEE_F32LE.dtype)), None),
        (lambda file: file.__setitem__("a/b", np.dtype("f4")), "neither a group nor a dataset"),
    ],
)
def test_other_structures_are_refused(tmp_path, monkeypatch, edit, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"SECRET!!" * 8)
    written(tmp_path / "other.h5", lambda file: file.__setitem__("private", np.ones(4, "float32")))
    path = written(tmp_path / "a.h5", edit)
    if reason is None:
        assert set(read_hdf5(path, LIMIT).datasets) == {"a/b"}
    else:
        with pytest.raises(Hdf5Error, match=reason):
            read_hdf5(path, LIMIT).datasets["a/b"].read()


@pytest.mark.parametrize("arguments", [{"libver": "latest"}, {"userblock_size": 512}])
def test_other_forms_of_files_are_refused(tmp_path, arguments):
    path = written(tmp_path / "a.h5", keras_like, **arguments)
    with pytest.raises(Hdf5Error, match="newer form|no HDF5 file"):
        read_hdf5(path, LIMIT)


def test_chunks_that_are_missing_or_damaged_are_refused(tmp_path):
    def hollow(file):
        file.create_dataset("a/b", (4000,), "f4", chunks=(1000,), compression="gzip")[:1000] = 1

    with pytest.raises(Hdf5Error, match="without 3 of its chunks"):
        read_hdf5(written(tmp_path / "a.h5", hollow), LIMIT).datasets["a/b"].read()

    def bomb(file):
        made = file.create_dataset("a/b", (1000,), "f4", chunks=(1000,), compression="gzip")
        import zlib

        made.id.write_direct_chunk((0,), zlib.compress(bytes(100_000_000)))

    with pytest.raises(Hdf5Error, match="a chunk of 4001 bytes where 4000 belong"):
        read_hdf5(written(tmp_path / "b.h5", bomb), LIMIT).datasets["a/b"].read()


def test_limits_hold_before_reading(tmp_path):
    path = written(tmp_path / "a.h5", keras_like)
    with pytest.raises(Hdf5Error, match="claim more bytes than the network has"):
        read_hdf5(path, 1000)
    with open(tmp_path / "sparse.h5", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Hdf5Error, match="has 1099511627776 bytes; its network has room for"):
        read_hdf5(tmp_path / "sparse.h5", LIMIT)
    with pytest.raises(Hdf5Error, match="no regular file"):
        read_hdf5(tmp_path, LIMIT)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_numbers_that_are_not_finite_are_not_written(tmp_path, wrong):
    path = written(tmp_path / "a.h5", data(data=np.array([0, wrong])))
    with pytest.raises(Hdf5Error, match="1 of 2 numbers of a/b are NaN or beyond float32"):
        rewrite(read_hdf5(path, LIMIT), tmp_path / "b.h5")


def test_2000_damaged_files_are_refused_or_read(tmp_path):
    """The structure alone: values have no checksum here."""

    def small(file):
        file["a/vars/0"] = NUMBERS[:3]
        file.create_dataset("b/vars/0", data=NUMBERS[:4], chunks=(2, 7), compression="gzip", shuffle=True)
        file["index"] = "text"

    original = written(tmp_path / "a.h5", small).read_bytes()
    other = written(tmp_path / "b.h5", many_links).read_bytes()
    path, refused = tmp_path / "damaged.h5", 0
    for copy in damaged(original, other, 2000):
        put(path, copy)
        try:
            for dataset in read_hdf5(path, LIMIT).datasets.values():
                assert dataset.nbytes <= LIMIT
                value = dataset.text() if dataset.dtype is None else dataset.read()
                assert isinstance(value, str) or value.nbytes == dataset.nbytes
        except Hdf5Error:
            refused += 1
    assert 500 < refused < 2000
