"""The official CIFAR files: folder, archive, and a pickle reader that runs no code."""

import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from ltzoo.data.cifar_files import images_and_labels, read_files, unpickle_batch

FILES = ("data_batch_1", "test_batch")


def read(data_dir):
    return read_files("cifar10_lt", data_dir, "cifar-10-batches-py", "cifar-10-python.tar.gz", FILES)


@pytest.fixture
def official(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(name.encode())
    return folder


def write_archive(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_folder_and_its_parent_are_read(official):
    expected = {name: name.encode() for name in FILES}
    assert read(official) == expected
    assert read(official.parent) == expected


def test_archive_and_its_folder_are_read_without_extracting(tmp_path):
    members = [(f"cifar-10-batches-py/{name}", name.encode()) for name in FILES]
    path = write_archive(tmp_path / "cifar-10-python.tar.gz", [("../../escaped", b"x"), *members])
    assert read(path) == read(tmp_path) == {name: name.encode() for name in FILES}
    assert sorted(os.listdir(tmp_path)) == ["cifar-10-python.tar.gz"]
    assert not (tmp_path.parent.parent / "escaped").exists()


def test_links_in_an_archive_are_not_followed(tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in FILES:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
    with pytest.raises(ValueError, match=r"Received: an archive without data_batch_1"):
        read(path)


def test_missing_files_are_named(tmp_path, official):
    with pytest.raises(FileNotFoundError, match=r"cifar-10-batches-py/.*cifar-10-python\.tar\.gz.*Received"):
        read(tmp_path / "nowhere")
    (official / "test_batch").unlink()
    with pytest.raises(FileNotFoundError, match=r"test_batch is missing"):
        read(official)


def test_damaged_and_incomplete_archives_are_named(tmp_path):
    path = write_archive(tmp_path / "cifar-10-python.tar.gz", [("data_batch_1", b"x" * 50_000)])
    with pytest.raises(ValueError, match=r"must hold .*Received: an archive without test_batch"):
        read(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"cannot be read as a \.tar\.gz archive"):
        read(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"cannot be read as a \.tar\.gz archive"):
        read(path)


@pytest.mark.parametrize("protocol", [2, 4])
def test_official_batches_are_unpickled(protocol):
    data = np.arange(2 * 3072, dtype=np.int64).astype(np.uint8).reshape(2, 3072)
    batch = unpickle_batch(pickle.dumps({b"data": data, b"labels": [3, 1]}, protocol=protocol), "batch")
    images, labels = images_and_labels(batch, "labels", "batch")
    assert images.shape == (2, 32, 32, 3) and labels.tolist() == [3, 1]
    np.testing.assert_array_equal(images[1, 0, 5], data[1, [5, 1024 + 5, 2048 + 5]])


def test_a_pickle_written_by_python_2_is_unpickled():
    """The layout of the official files: byte strings as BINSTRING, arrays through numpy.core.multiarray."""
    pixels = np.arange(3072, dtype=np.int64).astype(np.uint8).tobytes()
    written = (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff"
        b"\xff\xffK\x00tb\x89T" + len(pixels).to_bytes(4, "little") + pixels + b"tbU\x06labels](K\x07eu."
    )
    images, labels = images_and_labels(unpickle_batch(written, "data_batch_1"), "labels", "data_batch_1")
    assert labels.tolist() == [7] and images[0, 0, 1].tolist() == [1, 1, 1]


class Attack:
    def __reduce__(self):
        return os.system, ("exit 1",)


class OtherCodec:
    def __reduce__(self):
        import _codecs

        return _codecs.encode, ("text", "rot13")


@pytest.mark.parametrize("content", [{b"data": Attack()}, {b"data": OtherCodec()}, {b"data": os.path.join}])
def test_a_pickle_that_names_code_is_refused(content):
    with pytest.raises(ValueError, match=r"batch is not an official CIFAR file: .* is not allowed"):
        unpickle_batch(pickle.dumps(content, protocol=2), "batch")


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1, 2])])
def test_other_content_is_refused(data):
    with pytest.raises(ValueError, match=r"batch is not an official CIFAR file"):
        unpickle_batch(data, "batch")


@pytest.mark.parametrize(
    "batch, message",
    [
        ({"labels": [0]}, r"`data` must be uint8"),
        ({"data": np.zeros((1, 10), np.uint8), "labels": [0]}, r"shape \[N, 3072\]"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0]}, r"`labels` must have 2 entries"),
        ({"data": np.zeros((2, 3072), np.uint8)}, r"`labels` must have 2 entries"),
    ],
)
def test_wrong_contents_are_named(batch, message):
    with pytest.raises(ValueError, match=message):
        images_and_labels(batch, "labels", "batch")
