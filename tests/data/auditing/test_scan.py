"""One pass over image files: what can be read, sizes, color, content and pictures for an encoder."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.auditing.scan import SIDE, scan
from tests.data.auditing.pictures import picture, write


@pytest.fixture
def paths(tmp_path):
    folder = write(tmp_path / "p", {"ant": 4}) / "ant"
    return folder, lambda: sorted(str(path) for path in folder.iterdir())


def test_unreadable_files_have_a_reason_and_stop_nothing(paths):
    folder, listed = paths
    (folder / "b_cut.png").write_bytes((folder / "ant0.png").read_bytes()[:200])
    (folder / "c_empty.png").write_bytes(b"")
    (folder / "d_text.jpg").write_text("no image")
    os.mkfifo(folder / "e_pipe.png")
    found = scan([*listed(), str(folder / "gone.png")])
    assert found.readable.tolist() == [True] * 4 + [False] * 5
    assert [bool(reason) for reason in found.reasons] == [False] * 4 + [True] * 5
    assert "no such file" in found.reasons[-1] and "not a regular file" in found.reasons[-2]
    assert not found.thumbnails[4:].any() and not found.blank[4:].any()


def test_sizes_are_those_of_the_upright_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(np.random.default_rng(0), 80, 40).save(tmp_path / "turned.jpg", exif=exif)
    picture(np.random.default_rng(0), 80, 40).save(tmp_path / "flat.jpg")
    found = scan([str(tmp_path / "turned.jpg"), str(tmp_path / "flat.jpg")])
    assert found.sizes.tolist() == [[80, 40], [40, 80]]


def test_large_jpeg_files_keep_their_size(tmp_path):
    picture(np.random.default_rng(0), 1600, 1200).save(tmp_path / "large.jpg")
    assert scan([str(tmp_path / "large.jpg")]).sizes.tolist() == [[1200, 1600]]


def test_gray_and_color(tmp_path):
    rng = np.random.default_rng(0)
    gray = picture(rng).convert("L")
    gray.save(tmp_path / "a.png")
    gray.convert("RGB").save(tmp_path / "b.png")
    picture(rng).save(tmp_path / "c.png")
    deep = np.asarray(gray).astype("uint16") * 257
    Image.fromarray(deep).save(tmp_path / "d.png")
    found = scan([str(tmp_path / f"{letter}.png") for letter in "abcd"])
    assert found.gray.tolist() == [True, True, False, True]
    assert found.colored.tolist() == [False, True, True, False]


def test_blank_images(tmp_path):
    Image.new("RGB", (50, 50), (200, 10, 10)).save(tmp_path / "a.png")
    noise = np.random.default_rng(0).integers(120, 123, (50, 50, 3)).astype("uint8")
    Image.fromarray(noise).save(tmp_path / "b.png")
    half = np.zeros((50, 50, 3), "uint8")
    half[:, 25:] = 30
    Image.fromarray(half).save(tmp_path / "c.png")
    found = scan([str(tmp_path / f"{letter}.png") for letter in "abc"])
    assert found.blank.tolist() == [True, True, False]


def test_content_is_compared_where_lengths_are_equal(paths):
    folder, listed = paths
    shutil.copy(folder / "ant0.png", folder / "copy.png")
    found = scan(listed())
    by_name = dict(zip(map(os.path.basename, listed()), found.digests, strict=True))
    assert by_name["copy.png"] == by_name["ant0.png"] != b""
    sizes = [os.path.getsize(path) for path in listed()]
    assert [bool(digest) for digest in found.digests] == [sizes.count(size) > 1 for size in sizes]


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_pictures_for_an_encoder_come_once_in_batches(paths, batch_size):
    folder, listed = paths
    (folder / "zz.png").write_bytes(b"")  # The last file does not keep the others waiting.
    batches = []
    chosen = np.asarray([True, False, True, True, True])
    scan(
        listed(),
        side=20,
        chosen=chosen,
        use=lambda positions, images: batches.append((positions.tolist(), images)),
        batch_size=batch_size,
    )
    assert [p for positions, _ in batches for p in positions] == [0, 2, 3]
    assert all(len(positions) <= batch_size for positions, _ in batches)
    assert all(images.shape == (len(positions), 20, 20, 3) for positions, images in batches)
    whole = np.asarray(Image.open(listed()[0]).resize((20, 20), Image.Resampling.BILINEAR, reducing_gap=3.0))
    np.testing.assert_array_equal(batches[0][1][0], whole)


def test_thumbnails_are_gray_and_small(paths):
    _, listed = paths
    found = scan(listed())
    assert found.thumbnails.shape == (4, SIDE, SIDE) and found.thumbnails.dtype == np.uint8
    whole = np.asarray(Image.open(listed()[0]).convert("L"), "float32")
    assert abs(found.thumbnails[0].mean() - whole.mean()) < 1
